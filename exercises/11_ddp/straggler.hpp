#pragma once

#include <cstddef>
#include <vector>

namespace gpt {

/// What one rank did in one step, in seconds on a clock that all share.
struct StepTimes {
  double backward_end = 0;  ///< when its last gradient was ready
  double sums_end = 0;      ///< when it had all sums
};

/// For each step the rank that the others waited for: the one whose last gradient was ready last; of several,
/// the lowest. times[rank][step]; all ranks have as many steps.
std::vector<size_t> stragglers(const std::vector<std::vector<StepTimes>>& times);

/// Seconds that all ranks together waited for stragglers: in each step, each rank from its own backward_end
/// to that of the straggler. What comes after that is communication, and no waiting for anybody.
double waited_for_stragglers(const std::vector<std::vector<StepTimes>>& times);

}  // namespace gpt
