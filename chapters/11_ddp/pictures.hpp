#pragma once
// The chapter's pictures, drawn from what was recorded.

#include <string>

#include "11_ddp/bucket.hpp"
#include "11_ddp/timeline.hpp"
#include "common/gantt.hpp"

namespace gpt {

/// One step of all ranks: for each a lane of what it computed, and one of the buckets that were on their way.
/// Times in milliseconds, since the first rank began the step. Throws Error when the step is not there.
GanttPanel step_panel(const std::string& title, const std::vector<RankTimeline>& ranks, int64_t step);

/// One rank's backward pass, on this process's clock.
struct BackwardRecord {
  Interval backward;
  std::vector<std::chrono::steady_clock::time_point> ready;  ///< by parameter
  std::vector<Interval> buckets;
};

/// Time to the right, the gradient buffer downwards: each parameter from the moment when its gradient is
/// final, until its bucket has left; each bucket while its sum runs.
std::string bucket_svg(const ParameterStore& parameters, const BucketPlan& plan,
                       const BackwardRecord& record);

}  // namespace gpt
