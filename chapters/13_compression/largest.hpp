#pragma once
// The largest few of many numbers, on the host.

#include <cstdint>
#include <span>
#include <vector>

namespace gpt {

/// The positions of the k largest |x|, in order; of equal ones those in front. A NaN is larger than
/// everything. 1 ≤ k ≤ x.size().
std::vector<int32_t> largest(std::span<const float> x, int64_t k);

}  // namespace gpt
