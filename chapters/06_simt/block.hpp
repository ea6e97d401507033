#pragma once
// One block of a kernel: its threads are fibers on one thread of the system.

#include <deque>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "06_simt/fiber.hpp"
#include "06_simt/machine.hpp"
#include "06_simt/observer.hpp"

namespace gpt::simt::detail {

/// What all blocks of a launch share.
struct Launch {
  LaunchConfig config;
  std::string_view kernel;
  Body body;
  const void* arguments;
  Options options;
  Observer* observer = nullptr;  // nullptr: nobody watches
};

// [thread]
/// A thread of CUDA.
struct Thread {
  enum class State { unstarted, runnable, waiting, exited };

  uint3 index{};
  Fiber* fiber = nullptr;  // where its function call lives, once it has begun
  State state = State::unstarted;
  const char* waits_in = nullptr;  // "__syncthreads", …
  Where where;
};
// [/thread]

/// 32 threads that can exchange values.
struct Warp {
  WarpExchange exchange;
  unsigned live = 0;     // lanes that have not returned
  unsigned waiting = 0;  // lanes that wait in a collective …
  unsigned mask[32];     // … with these lanes …
  Finish finish[32];     // … for this
};

class Block {
 public:
  /// Runs block number `number` of the grid to its end. Throws Error for a mistake of the kernel.
  void run(const Launch& launch, unsigned number);

  // Called by the threads of this block.
  int barrier(bool predicate, Where where);
  uint64_t warp_collective(unsigned mask, uint64_t value, uint64_t argument, const char* name, Finish finish,
                           Where where);
  std::byte* dynamic_shared() { return shared_.get(); }

  /// Ends the launch from within a kernel, in two steps: a fiber that is abandoned runs no destructors, so
  /// the message must belong to somebody else by then.
  void blame(const std::string& mistake) { blame(now.thread, mistake); }
  void blame(unsigned thread, const std::string& mistake);
  [[noreturn]] void abandon();
  void blame_inactive_source(int lane, int source);

  uint3 index_of(unsigned thread) const { return threads_[thread].index; }
  const Launch& launch() const { return *launch_; }
  bool launched() const { return launch_ != nullptr; }

 private:
  static void fiber_main();
  void prepare(unsigned number);
  void run_thread(int thread);
  void resume(int thread);
  void suspend();
  void release(int thread);
  void retire(int thread);
  Fiber& next_fiber();
  bool try_to_complete(Warp& warp, int first_thread, unsigned mask);
  std::string who_waits_where() const;

  const Launch* launch_ = nullptr;
  std::vector<Thread> threads_;
  std::vector<Warp> warps_;
  std::unique_ptr<std::byte[]> shared_;

  std::vector<int> order_;  // in which the threads begin
  size_t begun_ = 0;        // how many of them have
  std::deque<int> ready_;   // released, not yet resumed
  int exited_ = 0;
  int current_ = 0;

  int arrived_ = 0, predicates_ = 0, barrier_result_ = 0;  // of the barrier
  int first_arrival_ = 0;

  Fiber scheduler_;           // the stack that run() was called on
  std::deque<Fiber> fibers_;  // kept from block to block
  std::vector<Fiber*> idle_;
  Fiber* running_ = nullptr;
  std::exception_ptr mistake_;
};

/// "__syncthreads at tile.cu:12".
std::string place(const Thread& thread);
std::string to_string(uint3 index);
std::string to_string(Where where);

}  // namespace gpt::simt::detail
