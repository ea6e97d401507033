#include "11_ddp/bucket.hpp"

#include <algorithm>

namespace gpt {

// [plan]
BucketPlan plan_buckets(const ParameterStore& parameters, int64_t bucket_bytes) {
  GPT_CHECK(bucket_bytes > 0, "buckets of {} bytes", bucket_bytes);
  const int64_t per_bucket = std::max<int64_t>(1, bucket_bytes / size_of(parameters.gradients().dtype()));
  BucketPlan plan;
  for (int64_t from = 0; from < parameters.size(); from += per_bucket)
    plan.buckets.push_back({from, std::min(from + per_bucket, parameters.size()), 0});
  for (const Parameter& parameter : parameters.parameters()) {
    const int64_t last_element = parameter.offset + std::max<int64_t>(parameter.elements, 1) - 1;
    const BucketPlan::Range range{static_cast<int>(parameter.offset / per_bucket),
                                  static_cast<int>(last_element / per_bucket)};
    for (int b = range.first; b <= range.last; ++b) ++plan.buckets[static_cast<size_t>(b)].parameters;
    plan.of_parameter.push_back(range);
  }
  return plan;
}
// [/plan]

}  // namespace gpt
