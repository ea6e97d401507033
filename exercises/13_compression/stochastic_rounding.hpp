#pragma once

#include <cstdint>
#include <span>

#include "01_tensors/philox.hpp"

namespace gpt {

/// Rounds each x / step to a whole number, up or down by chance, so that on average it is x / step exactly
/// (QSGD, Alistarh and others, 2017): ⌊x / step + u⌋ with u uniform in [0, 1), number i of `random`'s stream
/// for element i. step > 0.
void round_stochastically(std::span<int32_t> whole, std::span<const float> x, float step,
                          const RandomStream& random);

}  // namespace gpt
