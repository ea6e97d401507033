#include "11_ddp/hidden.hpp"

#include <algorithm>

namespace gpt {

// [hidden]
double overlap_seconds(const Interval& a, const Interval& b) {
  return std::max(0.0, Interval{std::max(a.start, b.start), std::min(a.end, b.end)}.seconds());
}

Hiding hidden_behind(const Interval& backward, std::span<const Interval> buckets) {
  Hiding hiding;
  for (const Interval& bucket : buckets) {
    hiding.total += bucket.seconds();
    hiding.hidden += overlap_seconds(backward, bucket);
  }
  return hiding;
}
// [/hidden]

}  // namespace gpt
