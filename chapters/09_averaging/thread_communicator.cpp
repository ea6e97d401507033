#include "09_averaging/thread_communicator.hpp"

#include <algorithm>
#include <exception>

#include "09_averaging/reduce.hpp"

namespace gpt {
namespace {

/// The elements in one row; throws Error unless they are contiguous and in this process's memory.
Tensor flat(const Tensor& tensor) {
  GPT_CHECK(tensor.defined() && tensor.device() == Device::cpu && tensor.is_contiguous(),
            "a communicator of threads takes contiguous tensors in host memory");
  return tensor.reshape({tensor.elements()});
}

/// Part `rank` of `size` nearly equal parts.
Tensor share(const Tensor& row, int rank, int size) {
  return row.slice(0, row.elements() * rank / size, row.elements() * (rank + 1) / size);
}

}  // namespace

ThreadCommunicator::ThreadCommunicator(int rank, std::shared_ptr<ThreadGroup> group)
    : rank_(rank), group_(std::move(group)), exceptions_(std::uncaught_exceptions()) {}

ThreadCommunicator::~ThreadCommunicator() {
  if (worker_ && !worker_->idle() && std::uncaught_exceptions() > exceptions_) group_->world->stop();
  worker_.reset();
  group_->foreground.leave(rank_);
  group_->background.leave(rank_);
  const std::lock_guard lock(group_->world->mutex());
  group_->present[static_cast<size_t>(rank_)] = false;
  group_->world->notify_all();
}

void ThreadCommunicator::check_rank(int other, std::string_view role) const {
  GPT_CHECK(other >= 0 && other < size(), "{} rank {} of a group of {}", role, other, size());
}

void ThreadCommunicator::barrier() {
  group_->foreground.hold(rank_, {.operation = "barrier"}, [](const auto&) {});
}

void ThreadCommunicator::broadcast(const Tensor& tensor, int root) {
  check_rank(root, "root");
  const Tensor mine = flat(tensor);
  group_->foreground.hold(rank_, {.operation = "broadcast", .tensor = mine, .root = root},
                          [&](const auto& all) {
                            if (rank_ != root) mine.copy_from(all[static_cast<size_t>(root)].tensor);
                          });
}

// [all_reduce]
void ThreadCommunicator::all_reduce(const Tensor& tensor, ReduceOp op) {
  all_reduce_in(group_->foreground, flat(tensor), op);
}

std::unique_ptr<Work> ThreadCommunicator::all_reduce_async(const Tensor& tensor, ReduceOp op) {
  if (!worker_) worker_.emplace();
  return worker_->submit([this, mine = flat(tensor), op] { all_reduce_in(group_->background, mine, op); });
}

void ThreadCommunicator::all_reduce_in(Meeting& meeting, const Tensor& mine, ReduceOp op) {
  meeting.hold(rank_, {.operation = "all_reduce", .tensor = mine, .op = op}, [&](const auto& all) {
    // Each rank reduces its share of the elements, and writes the result into the tensors of all.
    std::vector<Tensor> shares;
    for (const Contribution& other : all) shares.push_back(share(other.tensor, rank_, size()));
    reduce(shares, op, shares);
  });
}
// [/all_reduce]

void ThreadCommunicator::reduce_scatter(const Tensor& part, const Tensor& whole, ReduceOp op) {
  const Tensor mine = flat(whole), result = flat(part);
  GPT_CHECK(mine.elements() == result.elements() * size() && mine.dtype() == result.dtype(),
            "reduce_scatter of {} elements of {} into parts of {} of {} on {} ranks", mine.elements(),
            mine.dtype(), result.elements(), result.dtype(), size());
  group_->foreground.hold(rank_, {.operation = "reduce_scatter", .tensor = mine, .op = op},
                          [&](const auto& all) {
                            std::vector<Tensor> shares;
                            for (const Contribution& other : all)
                              shares.push_back(share(other.tensor, rank_, size()));
                            reduce(shares, op, std::vector{result});
                          });
}

void ThreadCommunicator::all_gather(const Tensor& whole, const Tensor& part) {
  const Tensor result = flat(whole), mine = flat(part);
  GPT_CHECK(result.elements() == mine.elements() * size() && mine.dtype() == result.dtype(),
            "all_gather of parts of {} elements of {} into {} of {} on {} ranks", mine.elements(),
            mine.dtype(), result.elements(), result.dtype(), size());
  group_->foreground.hold(rank_, {.operation = "all_gather", .tensor = mine}, [&](const auto& all) {
    for (int other = 0; other < size(); ++other) {
      const Tensor& part_of_other = all[static_cast<size_t>(other)].tensor;
      const Tensor place = share(result, other, size());
      if (place.bytes_data() != part_of_other.bytes_data()) place.copy_from(part_of_other);
    }
  });
}

void ThreadCommunicator::send(const Tensor& tensor, int to) {
  check_rank(to, "send to");
  GPT_CHECK(to != rank_, "rank {} sends to itself", rank_);
  const Tensor message = flat(tensor).clone();
  const std::lock_guard lock(group_->world->mutex());
  group_->mail[{rank_, to}].push_back(message);
  group_->world->notify_all();
}

void ThreadCommunicator::receive(const Tensor& tensor, int from) {
  check_rank(from, "receive from");
  GPT_CHECK(from != rank_, "rank {} receives from itself", rank_);
  std::unique_lock lock(group_->world->mutex());
  std::deque<Tensor>& mail = group_->mail[{from, rank_}];
  group_->world->wait(lock, [&] { return !mail.empty() || !group_->present[static_cast<size_t>(from)]; });
  if (mail.empty()) throw Stopped(fmt::format("rank {} has left without a message for rank {}", from, rank_));
  const Tensor message = std::move(mail.front());
  mail.pop_front();
  lock.unlock();
  GPT_CHECK(message.elements() == tensor.elements() && message.dtype() == tensor.dtype(),
            "rank {} expects {} elements of {}, but rank {} sent {} of {}", rank_, tensor.elements(),
            tensor.dtype(), from, message.elements(), message.dtype());
  flat(tensor).copy_from(message);
}

std::unique_ptr<Communicator> ThreadCommunicator::split(int color, int key) {
  std::vector<int> members;  // ranks of this group, in the child's order
  group_->foreground.hold(rank_, {.operation = "split", .color = color, .key = key}, [&](const auto& all) {
    for (int other = 0; other < size(); ++other)
      if (all[static_cast<size_t>(other)].color == color) members.push_back(other);
    std::stable_sort(members.begin(), members.end(), [&](int a, int b) {
      return all[static_cast<size_t>(a)].key < all[static_cast<size_t>(b)].key;
    });
    if (members[0] == rank_)
      group_->children[static_cast<size_t>(rank_)] =
          std::make_shared<ThreadGroup>(group_->world, static_cast<int>(members.size()));
  });
  std::shared_ptr<ThreadGroup> child;
  group_->foreground.hold(rank_, {.operation = "split"},
                          [&](const auto&) { child = group_->children[static_cast<size_t>(members[0])]; });
  const auto place = std::find(members.begin(), members.end(), rank_) - members.begin();
  return std::make_unique<ThreadCommunicator>(static_cast<int>(place), std::move(child));
}

// [run_threads]
void run_threads(int ranks, const std::function<void(Communicator&)>& body) {
  GPT_CHECK(ranks >= 1, "{} ranks", ranks);
  const auto world = std::make_shared<World>();
  const auto group = std::make_shared<ThreadGroup>(world, ranks);
  std::mutex mutex;
  std::exception_ptr first;    // the failure that came first …
  std::exception_ptr stopped;  // … as opposed to those that followed from it
  const auto run_rank = [&](int rank) {
    try {
      ThreadCommunicator communicator(rank, group);
      body(communicator);
    } catch (const Stopped&) {
      const std::lock_guard lock(mutex);
      if (!stopped) stopped = std::current_exception();
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!first) first = std::current_exception();
      world->stop();
    }
  };
  std::vector<std::jthread> threads;  // joins them when it goes
  try {
    for (int rank = 0; rank < ranks; ++rank) threads.emplace_back(run_rank, rank);
  } catch (...) {  // the system gives no more threads: the ranks that run must not wait for those that do not
    world->stop();
    throw;
  }
  threads.clear();
  if (first) std::rethrow_exception(first);
  if (stopped) std::rethrow_exception(stopped);
}
// [/run_threads]

}  // namespace gpt
