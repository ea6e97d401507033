#pragma once
// The products of a linear layer on matrix tiles.

#include "01_tensors/tensor.hpp"

namespace gpt::cpu {

/// True where product_in_tiles() can compute a product, given tiles_available(), and pays: factors in bf16,
/// many rows.
bool product_fits_tiles(const Tensor& a, const Tensor& weight, const Tensor& bias);

/// out = a · weight + bias + residual, or a · weightᵀ + … . a: (M, K) and weight in bf16, bias: (N) in f32 or
/// undefined, residual: (M, N) in bf16 or undefined, out: (M, N) in bf16 or f32, or the residual itself. Sums
/// are taken in f32. The result does not depend on the number of threads.
void product_in_tiles(const Tensor& out, const Tensor& a, const Tensor& weight, bool transposed,
                      const Tensor& bias, const Tensor& residual);

}  // namespace gpt::cpu
