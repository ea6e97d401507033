#pragma once
// Threads of the system that wait for work, so that a launch need not start any.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace gpt::simt::detail {

class Workers {
 public:
  /// Calls job() on `count` threads at once, the caller's among them, and returns when all are done. A thread
  /// that does not wake before the caller's job() has returned is not waited for. job() must not throw. One
  /// caller at a time; others wait.
  void run(int count, const std::function<void()>& job);

 private:
  void work(const std::stop_token& stop);

  std::mutex one_at_a_time_;
  std::mutex mutex_;
  std::condition_variable_any wanted_changed_, pending_changed_;
  const std::function<void()>* job_ = nullptr;
  int wanted_ = 0;                     // threads that shall still begin
  int pending_ = 0;                    // threads that shall still begin or end
  std::vector<std::jthread> threads_;  // last: they are joined before the rest goes
};

}  // namespace gpt::simt::detail
