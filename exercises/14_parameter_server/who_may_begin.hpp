#pragma once

#include <cstdint>
#include <vector>

namespace gpt {

/// May `worker`, which lives, begin its next step? clocks[w]: the steps that worker w has finished; lives[w]:
/// whether it counts. In stale synchronous training with a bound (Ho and others, 2013): when it is at most
/// `bound` steps ahead of the slowest living worker.
bool may_begin(const std::vector<int64_t>& clocks, const std::vector<bool>& lives, int worker, int64_t bound);

}  // namespace gpt
