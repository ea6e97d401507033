#pragma once

#include "01_tensors/tensor.hpp"

namespace gpt {

/// The diagonal of a square matrix (n, n), of any strides, as a view of shape (n). Throws Error for anything
/// else.
Tensor diagonal(const Tensor& matrix);

}  // namespace gpt
