// Says: with 1 started, 2 can start, too
#include "exercises/11_ddp/launch_order.hpp"

namespace gpt {

OrderedLauncher::OrderedLauncher(size_t buckets, std::function<void(size_t)> launch)
    : launch_(std::move(launch)), ready_(buckets) {}

void OrderedLauncher::begin() {
  ready_.assign(ready_.size(), false);
  next_ = 0;
}

void OrderedLauncher::ready(size_t bucket) {
  ready_[bucket] = true;
  if (ready_[next_]) launch_(next_++);
}

void OrderedLauncher::finish() {
  while (next_ < ready_.size()) launch_(next_++);
}

}  // namespace gpt
