// Says: was bucket 0 taken for ready since the step before?
#include "exercises/11_ddp/launch_order.hpp"

namespace gpt {

OrderedLauncher::OrderedLauncher(size_t buckets, std::function<void(size_t)> launch)
    : launch_(std::move(launch)), ready_(buckets) {}

void OrderedLauncher::begin() {
  next_ = 0;
}

void OrderedLauncher::ready(size_t bucket) {
  ready_[bucket] = true;
  while (next_ < ready_.size() && ready_[next_]) launch_(next_++);
}

void OrderedLauncher::finish() {
  while (next_ < ready_.size()) launch_(next_++);
}

}  // namespace gpt
