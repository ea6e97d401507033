#include "10_collectives/watched_communicator.hpp"

#include <exception>
#include <utility>

#include "common/file.hpp"

namespace gpt {
namespace {

using Operation = Call::Operation;

// [watch]
/// Runs `body`, in which the rank waits for a call that was begun.
void wait_in(CollectiveLog& log, const std::string& group, Lane::Kind kind, uint64_t number, const Call& call,
             const std::function<void()>& body) {
  struct Waiting {
    CollectiveLog& log;
    const std::string& group;
    Lane::Kind kind;
    ~Waiting() { log.end(group, kind); }
  };
  log.wait_for(group, kind, number, call);
  const Waiting waiting{log, group, kind};
  try {
    body();
  } catch (const std::exception& error) {
    log.fail(fmt::format("{}: {}", call.text(), error.what()));
    throw;
  }
}
// [/watch]

Call call_of(Operation operation, const Tensor& tensor, ReduceOp op = ReduceOp::sum, int peer = 0) {
  return {operation, tensor.dtype(), op, peer, tensor.elements()};
}

/// "7:1", and "7:1/3:0" for a group within it; a hash when that becomes long.
std::string group_name(const std::string& parent, uint64_t number, int color) {
  std::string name = fmt::format("{}{}{}:{}", parent, parent.empty() ? "" : "/", number, color);
  if (name.size() > Lane::longest_group) name = fmt::format("{:016x}", checksum(std::string_view(name)));
  return name;
}

}  // namespace

/// Work that says in the log when the rank waits for it.
class WatchedCommunicator::WatchedWork final : public Work {
 public:
  WatchedWork(std::unique_ptr<Work> work, std::shared_ptr<CollectiveLog> log, std::string group,
              uint64_t number, Call call)
      : work_(std::move(work)),
        log_(std::move(log)),
        group_(std::move(group)),
        number_(number),
        call_(call) {}
  void wait() override {
    wait_in(*log_, group_, Lane::Kind::background, number_, call_, [&] { work_->wait(); });
  }
  Interval interval() const override { return work_->interval(); }

 private:
  std::unique_ptr<Work> work_;
  std::shared_ptr<CollectiveLog> log_;
  std::string group_;
  uint64_t number_;
  Call call_;
};

WatchedCommunicator::WatchedCommunicator(Communicator& watched, std::shared_ptr<CollectiveLog> log,
                                         std::string group)
    : watched_(watched), log_(std::move(log)), group_(std::move(group)) {
  log_->open_group(group_, size());
}

WatchedCommunicator::WatchedCommunicator(std::unique_ptr<Communicator> watched,
                                         std::shared_ptr<CollectiveLog> log, std::string group)
    : owned_(std::move(watched)), watched_(*owned_), log_(std::move(log)), group_(std::move(group)) {
  log_->open_group(group_, size());
}

WatchedCommunicator::~WatchedCommunicator() {
  log_->close_group(group_);
}

uint64_t WatchedCommunicator::watch(const Call& call, const std::function<void()>& body, Lane::Kind kind) {
  const uint64_t number = log_->begin(group_, kind, call);
  wait_in(*log_, group_, kind, number, call, body);
  return number;
}

void WatchedCommunicator::barrier() {
  watch({.operation = Operation::barrier}, [&] { watched_.barrier(); });
}

void WatchedCommunicator::broadcast(const Tensor& tensor, int root) {
  watch(call_of(Operation::broadcast, tensor, {}, root), [&] { watched_.broadcast(tensor, root); });
}

void WatchedCommunicator::all_reduce(const Tensor& tensor, ReduceOp op) {
  watch(call_of(Operation::all_reduce, tensor, op), [&] { watched_.all_reduce(tensor, op); });
}

std::unique_ptr<Work> WatchedCommunicator::all_reduce_async(const Tensor& tensor, ReduceOp op) {
  const Call call = call_of(Operation::all_reduce, tensor, op);
  const uint64_t number = log_->begin(group_, Lane::Kind::background, call);
  return std::make_unique<WatchedWork>(watched_.all_reduce_async(tensor, op), log_, group_, number, call);
}

void WatchedCommunicator::reduce_scatter(const Tensor& part, const Tensor& whole, ReduceOp op) {
  watch(call_of(Operation::reduce_scatter, whole, op), [&] { watched_.reduce_scatter(part, whole, op); });
}

void WatchedCommunicator::all_gather(const Tensor& whole, const Tensor& part) {
  watch(call_of(Operation::all_gather, whole), [&] { watched_.all_gather(whole, part); });
}

void WatchedCommunicator::send(const Tensor& tensor, int to) {
  watch(
      call_of(Operation::send, tensor, {}, to), [&] { watched_.send(tensor, to); }, Lane::Kind::messages);
}

void WatchedCommunicator::receive(const Tensor& tensor, int from) {
  watch(
      call_of(Operation::receive, tensor, {}, from), [&] { watched_.receive(tensor, from); },
      Lane::Kind::messages);
}

void WatchedCommunicator::exchange(const Tensor& sent, const Tensor& received, int other) {
  watch(
      call_of(Operation::receive, received, {}, other), [&] { watched_.exchange(sent, received, other); },
      Lane::Kind::messages);
}

std::unique_ptr<Communicator> WatchedCommunicator::split(int color, int key) {
  std::unique_ptr<Communicator> group;
  const uint64_t number = watch({.operation = Operation::split}, [&] { group = watched_.split(color, key); });
  return std::make_unique<WatchedCommunicator>(std::move(group), log_, group_name(group_, number, color));
}

Tensor WatchedCommunicator::zeros(const Shape& shape, DType dtype) {
  Tensor tensor;
  watch({.operation = Operation::barrier}, [&] { tensor = watched_.zeros(shape, dtype); });
  return tensor;
}

}  // namespace gpt
