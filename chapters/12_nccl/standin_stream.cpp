// Streams of the stand-in: a thread each.

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "12_nccl/nccl_names.hpp"

namespace gpt::simt::cuda_names {

struct CUstream_st::Worker {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::function<void()>> tasks;
  bool ending = false;
  std::thread thread{[this] { run(); }};

  void run() {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [&] { return ending || !tasks.empty(); });
      if (tasks.empty()) return;
      const std::function<void()> task = std::move(tasks.front());
      tasks.pop_front();
      lock.unlock();
      task();
      lock.lock();
    }
  }
};

CUstream_st::CUstream_st() : worker_(std::make_unique<Worker>()) {}

CUstream_st::~CUstream_st() {
  {
    const std::lock_guard lock(worker_->mutex);
    worker_->ending = true;
  }
  worker_->changed.notify_one();
  worker_->thread.join();
}

void CUstream_st::enqueue(std::function<void()> task) {
  {
    const std::lock_guard lock(worker_->mutex);
    worker_->tasks.push_back(std::move(task));
  }
  worker_->changed.notify_one();
}

}  // namespace gpt::simt::cuda_names
