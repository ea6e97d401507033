#include "11_ddp/bucket.hpp"

#include <algorithm>

namespace gpt {

// [plan]
BucketPlan plan_buckets(const ParameterStore& parameters, int64_t bucket_bytes) {
  GPT_CHECK(bucket_bytes > 0, "buckets of {} bytes", bucket_bytes);
  const int64_t per_bucket = std::max<int64_t>(1, bucket_bytes / size_of(parameters.gradients().dtype()));
  std::vector<int64_t> ends;
  for (int64_t from = 0; from < parameters.size(); from += per_bucket)
    ends.push_back(std::min(from + per_bucket, parameters.size()));
  return plan_buckets(parameters, ends);
}

BucketPlan plan_buckets(const ParameterStore& parameters, const std::vector<int64_t>& ends) {
  BucketPlan plan;
  for (const int64_t end : ends)
    plan.buckets.push_back({plan.buckets.empty() ? 0 : plan.buckets.back().to, end, 0});
  const auto bucket_of = [&](int64_t element) {
    return static_cast<int>(std::upper_bound(ends.begin(), ends.end(), element) - ends.begin());
  };
  for (const Parameter& parameter : parameters.parameters()) {
    const int64_t last_element = parameter.offset + std::max<int64_t>(parameter.elements, 1) - 1;
    const BucketPlan::Range range{bucket_of(parameter.offset), bucket_of(last_element)};
    for (int b = range.first; b <= range.last; ++b) ++plan.buckets[static_cast<size_t>(b)].parameters;
    plan.of_parameter.push_back(range);
  }
  return plan;
}
// [/plan]

}  // namespace gpt
