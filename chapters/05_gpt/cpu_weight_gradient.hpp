#pragma once
// The gradient of a weight on matrix tiles.

#include "01_tensors/tensor.hpp"

namespace gpt::cpu {

/// d_weight += dyᵀ · x, with sums in f32. dy: (N, O) and x: (N, I) in bf16, d_weight: (O, I) in f32, all
/// contiguous. Needs tiles_available(). The result does not depend on the number of threads.
void weight_gradient_in_tiles(const Tensor& d_weight, const Tensor& dy, const Tensor& x);

}  // namespace gpt::cpu
