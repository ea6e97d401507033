#include "11_ddp/bucket_size.hpp"

#include <algorithm>

namespace gpt {

double interpolate(const std::vector<AllReduceTime>& measured, int64_t bytes) {
  GPT_CHECK(!measured.empty(), "no measured time of an all-reduce");
  if (measured.size() == 1 || bytes <= measured[0].bytes) return measured[0].seconds;
  const auto above = std::find_if(measured.begin() + 1, measured.end() - 1,
                                  [&](const AllReduceTime& time) { return time.bytes >= bytes; });
  const AllReduceTime &high = *above, &low = *(above - 1);
  const double slope = (high.seconds - low.seconds) / static_cast<double>(high.bytes - low.bytes);
  return std::max(measured[0].seconds, low.seconds + slope * static_cast<double>(bytes - low.bytes));
}

// [simulate]
double predicted_end(const ParameterStore& parameters, int64_t bucket_bytes, const std::vector<double>& ready,
                     const std::vector<AllReduceTime>& measured) {
  const BucketPlan plan = plan_buckets(parameters, bucket_bytes);
  std::vector<double> bucket_ready(plan.buckets.size(), 0.0);
  for (size_t p = 0; p < plan.of_parameter.size(); ++p)
    for (int b = plan.of_parameter[p].first; b <= plan.of_parameter[p].last; ++b)
      bucket_ready[static_cast<size_t>(b)] = std::max(bucket_ready[static_cast<size_t>(b)], ready[p]);
  double free = 0;  // when the wire is
  for (size_t b = 0; b < plan.buckets.size(); ++b) {
    const int64_t elements = plan.buckets[b].to - plan.buckets[b].from;
    free = std::max(free, bucket_ready[b]) +
           interpolate(measured, elements * size_of(parameters.gradients().dtype()));
  }
  return free;
}
// [/simulate]

int64_t choose_bucket_bytes(const ParameterStore& parameters, const std::vector<int64_t>& candidates,
                            const std::vector<double>& ready, const std::vector<AllReduceTime>& measured) {
  GPT_CHECK(!candidates.empty() && ready.size() == parameters.parameters().size(),
            "{} sizes to choose from; {} times of {} parameters", candidates.size(), ready.size(),
            parameters.parameters().size());
  std::vector<double> ends;
  for (const int64_t bytes : candidates) ends.push_back(predicted_end(parameters, bytes, ready, measured));
  const double least = *std::min_element(ends.begin(), ends.end());
  int64_t chosen = 0;
  for (size_t i = 0; i < candidates.size(); ++i)
    if (ends[i] <= 1.02 * least) chosen = std::max(chosen, candidates[i]);
  return chosen;
}

}  // namespace gpt
