#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace gpt {

/// Starts the all-reduce of each bucket in bucket order 0, 1, 2, …, whatever the order in which they become
/// ready: a bucket starts as soon as it is ready and all before it have started. Order of calls in a step:
/// begin(); ready(bucket), once for each that becomes ready; finish(), which starts what is left, ready or
/// not.
class OrderedLauncher {
 public:
  /// `launch(bucket)` starts one. It may be called from within ready() and finish().
  OrderedLauncher(size_t buckets, std::function<void(size_t)> launch);
  void begin();
  void ready(size_t bucket);
  void finish();

 private:
  std::function<void(size_t)> launch_;
  std::vector<bool> ready_;
  size_t next_ = 0;  // the first bucket that has not started
};

}  // namespace gpt
