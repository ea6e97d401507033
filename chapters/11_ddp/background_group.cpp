#include "11_ddp/background_group.hpp"

#include <exception>

namespace gpt {

BackgroundGroup::BackgroundGroup(Communicator& communicator)
    : group_(communicator.split(0, communicator.rank())),
      worker_(std::make_unique<BackgroundWorker>()),
      exceptions_(std::uncaught_exceptions()) {}

BackgroundGroup::~BackgroundGroup() {
  if (worker_->idle() || std::uncaught_exceptions() == exceptions_) return;
  // A worker that may wait forever cannot be joined: it is left to the end of the process, and so is the
  // communicator that it works with.
  static_cast<void>(worker_.release());
  static_cast<void>(group_.release());
}

std::unique_ptr<Work> BackgroundGroup::submit(std::function<void(Communicator&)> task) {
  return worker_->submit([group = group_.get(), task = std::move(task)] { task(*group); });
}

}  // namespace gpt
