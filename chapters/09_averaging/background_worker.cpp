#include "09_averaging/background_worker.hpp"

#include <exception>

namespace gpt {

struct BackgroundWorker::Task {
  std::function<void()> run;
  std::mutex mutex;
  std::condition_variable finished;
  bool done = false;
  std::exception_ptr failure;
  Interval interval;
};

class BackgroundWorker::Handle : public Work {
 public:
  explicit Handle(std::shared_ptr<Task> task) : task_(std::move(task)) {}
  void wait() override {
    std::unique_lock lock(task_->mutex);
    task_->finished.wait(lock, [&] { return task_->done; });
    if (task_->failure) std::rethrow_exception(task_->failure);
  }
  Interval interval() const override {
    const std::lock_guard lock(task_->mutex);
    return task_->interval;
  }

 private:
  std::shared_ptr<Task> task_;
};

BackgroundWorker::BackgroundWorker() : thread_([this] { run(); }) {}

BackgroundWorker::~BackgroundWorker() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  submitted_.notify_one();
  thread_.join();
}

std::unique_ptr<Work> BackgroundWorker::submit(std::function<void()> task) {
  auto entry = std::make_shared<Task>();
  entry->run = std::move(task);
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(entry);
  }
  submitted_.notify_one();
  return std::make_unique<Handle>(std::move(entry));
}

bool BackgroundWorker::idle() const {
  const std::lock_guard lock(mutex_);
  return tasks_.empty();
}

// [run]
void BackgroundWorker::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    submitted_.wait(lock, [&] { return ending_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    const std::shared_ptr<Task> task = tasks_.front();
    lock.unlock();
    std::exception_ptr failure;
    Interval interval{.start = std::chrono::steady_clock::now()};
    try {
      task->run();
    } catch (...) {
      failure = std::current_exception();
    }
    interval.end = std::chrono::steady_clock::now();
    task->run = nullptr;  // lets go of the task's tensors before anybody learns that it is done
    {
      const std::lock_guard done(task->mutex);
      task->failure = std::move(failure);
      task->interval = interval;
      task->done = true;
      task->finished.notify_all();
    }
    lock.lock();
    tasks_.pop_front();
  }
}
// [/run]

}  // namespace gpt
