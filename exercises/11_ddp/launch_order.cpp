#include "exercises/11_ddp/launch_order.hpp"

#include "exercises/todo.hpp"

namespace gpt {

OrderedLauncher::OrderedLauncher(size_t buckets, std::function<void(size_t)> launch)
    : launch_(std::move(launch)), ready_(buckets) {}

void OrderedLauncher::begin() {
  todo("nothing is ready, nothing has started");
}

// This launches in the order of readiness. On two ranks with different orders, two all-reduces wait for each
// other, or, worse, add up different buckets.
void OrderedLauncher::ready(size_t bucket) {
  launch_(bucket);
}

void OrderedLauncher::finish() {}

}  // namespace gpt
