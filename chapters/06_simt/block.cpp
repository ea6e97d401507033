#include "06_simt/block.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>
#include <utility>

#include "common/check.hpp"

namespace gpt::simt::detail {
namespace {

/// Number i of a grid or block, as (x, y, z); x runs fastest.
uint3 unflatten(unsigned i, dim3 n) {
  return {i % n.x, i / n.x % n.y, i / n.x / n.y};
}

}  // namespace

std::string to_string(uint3 index) {
  return fmt::format("({},{},{})", index.x, index.y, index.z);
}

std::string to_string(Where where) {
  const std::string_view file = where.file;
  return fmt::format("{}:{}", file.substr(file.rfind('/') + 1), where.line);
}

std::string place(const Thread& thread) {
  return fmt::format("{} at {}", thread.waits_in, to_string(thread.where));
}

void Block::prepare(unsigned number) {
  const LaunchConfig& config = launch_->config;
  const unsigned count = config.block.x * config.block.y * config.block.z;
  blockDim = config.block;
  gridDim = config.grid;
  blockIdx = unflatten(number, config.grid);

  threads_.assign(count, {});
  warps_.resize((count + 31) / 32);
  for (Warp& warp : warps_) warp.live = warp.waiting = 0;
  for (unsigned t = 0; t < count; ++t) {
    threads_[t].index = unflatten(t, config.block);
    warps_[t / 32].live |= 1u << t % 32;
  }
  order_.resize(count);
  std::iota(order_.begin(), order_.end(), 0);
  if (launch_->options.order == Order::reverse) std::reverse(order_.begin(), order_.end());
  if (launch_->options.order == Order::random)
    std::shuffle(order_.begin(), order_.end(), std::mt19937(launch_->options.seed + number));
  begun_ = 0;
  exited_ = arrived_ = predicates_ = 0;
  shared_ = std::make_unique_for_overwrite<std::byte[]>(config.shared_bytes);
  std::memset(shared_.get(), 0xff, config.shared_bytes);  // NaNs: reading what nobody wrote shows
  now.number = number;
  now.shared_begin = shared_.get();
  now.shared_end = shared_.get() + config.shared_bytes;
}

void Block::run(const Launch& launch, unsigned number) {
  launch_ = &launch;
  prepare(number);
  now.block = this;
  if (launch.observer) launch.observer->begin_block(*this);
  running_ = &next_fiber();
  scheduler_.switch_to(*running_);
  now.in_kernel = false;
  if (launch.observer && !mistake_) launch.observer->end_block();
  now.block = nullptr;
  if (mistake_) {  // the threads stopped half-way, and are never resumed
    ready_.clear();
    idle_.clear();
    fibers_.clear();
    std::rethrow_exception(std::exchange(mistake_, nullptr));
  }
}

// [fiber_main]
// A fiber runs one thread after the other for as long as they return without having waited. So a kernel
// without barriers needs one fiber for all its threads, and never switches.
void Block::fiber_main() {
  now.block->running_->entered();
  while (true) {
    Block& block = *now.block;
    Fiber& fiber = *block.running_;
    while (block.ready_.empty() && block.begun_ < block.threads_.size())
      block.run_thread(block.order_[block.begun_++]);
    block.idle_.push_back(&fiber);
    block.running_ = &block.next_fiber();
    fiber.switch_to(*block.running_);
  }
}

void Block::run_thread(int thread) {
  threads_[thread].fiber = running_;
  resume(thread);
  launch_->body(launch_->arguments);  // the kernel
  now.in_kernel = false;
  retire(thread);
}
// [/fiber_main]

// [schedule]
Fiber& Block::next_fiber() {
  if (!ready_.empty()) {  // somebody who waited may go on
    const int thread = ready_.front();
    ready_.pop_front();
    return *threads_[thread].fiber;
  }
  if (begun_ < threads_.size()) {  // somebody has not begun
    if (idle_.empty()) return fibers_.emplace_back(static_cast<int>(fibers_.size()), fiber_main);
    Fiber* fiber = idle_.back();
    idle_.pop_back();
    return *fiber;
  }
  if (exited_ < static_cast<int>(threads_.size()))  // nobody can go on, and not everybody is done
    mistake_ = std::make_exception_ptr(Error(fmt::format("kernel {}, block {}: deadlock{}", launch_->kernel,
                                                         to_string(blockIdx), who_waits_where())));
  return scheduler_;
}

void Block::suspend() {
  const int me = current_;
  threads_[me].state = Thread::State::waiting;
  now.in_kernel = false;
  Fiber& fiber = *running_;
  running_ = &next_fiber();
  fiber.switch_to(*running_);
  resume(me);
}

void Block::resume(int thread) {
  current_ = thread;
  threads_[thread].state = Thread::State::runnable;
  threadIdx = threads_[thread].index;
  now.thread = static_cast<unsigned>(thread);
  now.stack_begin = running_->stack_begin();
  now.stack_end = running_->stack_end();
  now.in_kernel = true;
}

void Block::release(int thread) {
  threads_[thread].state = Thread::State::runnable;
  ready_.push_back(thread);
}
// [/schedule]

// [barrier]
int Block::barrier(bool predicate, Where where) {
  Thread& me = threads_[current_];
  me.waits_in = "__syncthreads";
  me.where = where;
  if (arrived_ == 0) first_arrival_ = current_;
  const Thread& first = threads_[first_arrival_];
  if (first.where.line != where.line || first.where.file != where.file) {
    blame(fmt::format("divergent barrier:\n  it is in {}\n  and thread {} in {}", place(me),
                      to_string(first.index), place(first)));
    abandon();
  }
  predicates_ += predicate;
  if (++arrived_ < static_cast<int>(threads_.size())) {
    suspend();
  } else {  // the last one: all others may go on
    arrived_ = 0;
    barrier_result_ = std::exchange(predicates_, 0);
    if (launch_->observer) launch_->observer->block_barrier();
    if (mistake_) abandon();
    for (const int thread : order_)
      if (thread != current_) release(thread);
  }
  return barrier_result_;
}
// [/barrier]

void Block::blame(unsigned thread, const std::string& mistake) {
  now.in_kernel = false;
  mistake_ =
      std::make_exception_ptr(Error(fmt::format("kernel {}, block {}, thread {}: {}", launch_->kernel,
                                                to_string(blockIdx), to_string(index_of(thread)), mistake)));
}

void Block::abandon() {
  running_->switch_to(scheduler_);
  __builtin_unreachable();
}

std::string Block::who_waits_where() const {
  const auto state = [](const Thread& thread) {
    return thread.state == Thread::State::exited ? "returned" : "in " + place(thread);
  };
  std::string report;
  for (size_t i = 0, next = 0; i < threads_.size(); i = next) {
    const std::string mine = state(threads_[i]);
    for (next = i + 1; next < threads_.size() && state(threads_[next]) == mine;) ++next;
    const std::string first = to_string(threads_[i].index), last = to_string(threads_[next - 1].index);
    report += next == i + 1 ? fmt::format("\n  thread {}: {}", first, mine)
                            : fmt::format("\n  threads {} to {}: {}", first, last, mine);
  }
  return report;
}

}  // namespace gpt::simt::detail
