#pragma once

#include "01_tensors/tensor.hpp"

namespace gpt {

/// All runs of `width` neighbours of a vector (n), of any stride, as a view of shape (n - width + 1, width):
/// row i holds elements i … i + width - 1. Throws Error unless 1 <= width <= n.
Tensor windows(const Tensor& vector, int64_t width);

}  // namespace gpt
