#pragma once
// How threads wait for each other: the meeting place behind the thread communicator.

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "09_averaging/communicator.hpp"

namespace gpt {

/// Thrown in a rank that waits for others when they will not come. It follows from what happened to them,
/// and never is the first cause of a failure itself.
class Stopped : public Error {
 public:
  using Error::Error;
};

/// What all threads of one run share: the lock under which they wait, and the signal that ends all waiting.
class World {
 public:
  /// Every wait, now and later, throws Stopped.
  void stop();
  /// Waits until `ready`; `lock` holds mutex(). Throws Stopped when the run was stopped before that.
  void wait(std::unique_lock<std::mutex>& lock, const std::function<bool()>& ready);
  /// Throws Stopped when the run was stopped; the caller holds mutex().
  void check() const;
  std::mutex& mutex() { return mutex_; }
  void notify_all() { changed_.notify_all(); }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
};

/// What a rank brings to a collective. All ranks must bring the same operation, op, root and sizes.
struct Contribution {
  std::string_view operation;
  Tensor tensor = {};  ///< contiguous, of one dimension; undefined where the operation takes none
  ReduceOp op = ReduceOp::sum;
  int root = 0;
  int color = 0, key = 0;  ///< of split()
};

/// Where the ranks of a group meet, one collective after the other.
class Meeting {
 public:
  Meeting(std::shared_ptr<World> world, int ranks)
      : world_(std::move(world)), contributions_(static_cast<size_t>(ranks)) {}

  /// Called by every rank: lays down what it brings, waits until all have, does its part of the work by
  /// calling `work` with all contributions in order of rank, and waits until all have done theirs. Throws
  /// Error on every rank when the contributions do not fit together.
  void hold(int rank, Contribution mine, const std::function<void(const std::vector<Contribution>&)>& work);
  /// Rank `rank` will not come again. Whoever waits for it gets Stopped.
  void leave(int rank);

 private:
  void check_open();  ///< throws Stopped when not all ranks can come any more
  void pass();        ///< waits until all ranks have come
  [[noreturn]] void throw_left() const;
  std::string mistake() const;  ///< what does not fit, or ""

  std::shared_ptr<World> world_;
  std::vector<Contribution> contributions_;
  int arrived_ = 0;
  int64_t passes_ = 0;
  int left_ = -1;  // the first rank that left
};

}  // namespace gpt
