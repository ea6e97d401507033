#pragma once
// The gradient of a weight on matrix tiles.

#include "01_tensors/tensor.hpp"

namespace gpt::cpu {

/// d_weight += dyᵀ · x, and d_bias += the sum of the rows of dy where it is defined, with sums in f32. dy:
/// (N, O) and x: (N, I) in bf16, d_weight: (O, I) and d_bias: (O) in f32, all contiguous. Needs
/// tiles_available(). The result does not depend on the number of threads.
void weight_gradient_in_tiles(const Tensor& d_weight, const Tensor& d_bias, const Tensor& dy,
                              const Tensor& x);

}  // namespace gpt::cpu
