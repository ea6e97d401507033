#pragma once
// A thread that does one task after the other, while its owner goes on.

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "09_averaging/communicator.hpp"

namespace gpt {

/// Runs tasks in the order in which they were submitted. Communicators use it for their asynchronous calls:
/// all ranks submit in the same order, so all their workers meet in the same collective.
class BackgroundWorker {
 public:
  BackgroundWorker();
  /// Finishes what was submitted, then ends the thread.
  ~BackgroundWorker();
  BackgroundWorker(const BackgroundWorker&) = delete;
  BackgroundWorker& operator=(const BackgroundWorker&) = delete;

  /// wait() of the handle returns when the task is done, or throws what it threw. A handle may be dropped
  /// unwaited.
  std::unique_ptr<Work> submit(std::function<void()> task);
  /// True when everything submitted is done.
  bool idle() const;

 private:
  struct Task;
  class Handle;
  void run();

  mutable std::mutex mutex_;
  std::condition_variable submitted_;
  std::deque<std::shared_ptr<Task>> tasks_;  // the first one is being done
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace gpt
