#pragma once
// Communication in several steps that runs beside the backward pass.

#include <functional>
#include <memory>

#include "09_averaging/background_worker.hpp"

namespace gpt {

/// A communicator of its own over the same ranks, and a thread that works with it. So an operation made of
/// many messages can run in the background, and never mixes with what the ranks do in the foreground.
class BackgroundGroup {
 public:
  /// Collective.
  explicit BackgroundGroup(Communicator& communicator);
  /// Finishes the operations in progress; but when an exception ends this rank, leaves them alone: the other
  /// ranks may never join them.
  ~BackgroundGroup();
  BackgroundGroup(const BackgroundGroup&) = delete;
  BackgroundGroup& operator=(const BackgroundGroup&) = delete;

  /// Runs `task` in the background after those submitted before. All ranks submit the same, in the same
  /// order.
  std::unique_ptr<Work> submit(std::function<void(Communicator&)> task);

 private:
  std::unique_ptr<Communicator> group_;
  std::unique_ptr<BackgroundWorker> worker_;
  int exceptions_;  // in flight when this was made
};

}  // namespace gpt
