#include "06_simt/workers.hpp"

#include <utility>

namespace gpt::simt::detail {

void Workers::run(int count, const std::function<void()>& job) {
  const std::lock_guard mine(one_at_a_time_);
  {
    const std::lock_guard lock(mutex_);
    while (static_cast<int>(threads_.size()) < count - 1)
      threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
    job_ = &job;
    wanted_ = pending_ = count - 1;
  }
  wanted_changed_.notify_all();
  job();
  std::unique_lock lock(mutex_);
  pending_ -= std::exchange(wanted_, 0);
  pending_changed_.wait(lock, [&] { return pending_ == 0; });
}

void Workers::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (wanted_changed_.wait(lock, stop, [&] { return wanted_ > 0; })) {
    --wanted_;
    const std::function<void()>* job = job_;
    lock.unlock();
    (*job)();
    lock.lock();
    if (--pending_ == 0) pending_changed_.notify_one();
  }
}

}  // namespace gpt::simt::detail
