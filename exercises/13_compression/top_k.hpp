#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace gpt {

/// The k numbers of `values` that are largest in absolute value: their places, in ascending order. Of equally
/// large ones the first; so all ranks and all runs choose alike. NaN counts as larger than anything, so that
/// it is seen and not hidden. 0 <= k <= size.
std::vector<int32_t> top_k(std::span<const float> values, int64_t k);

/// What a receiver of these k numbers has, and what the sender keeps for the next time: sent + kept = values,
/// exactly.
void split_top_k(std::span<const float> values, const std::vector<int32_t>& places, std::span<float> sent,
                 std::span<float> kept);

}  // namespace gpt
