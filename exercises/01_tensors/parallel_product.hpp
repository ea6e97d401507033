#pragma once

#include "01_tensors/tensor.hpp"

namespace gpt {

/// C = A · B with the rows of C divided among `threads` threads. a: (M, K), b: (K, N), f32, contiguous → (M,
/// N). Every element is summed in the order k = 0, 1, …, so the result has the same bits with any number of
/// threads.
Tensor parallel_product(const Tensor& a, const Tensor& b, int threads);

}  // namespace gpt
