#pragma once

#include "01_tensors/tensor.hpp"

namespace gpt {

/// A dense copy of the transpose of `matrix` (f32, contiguous, (M, N)), of shape (N, M), made tile by tile:
/// all of one square of `tile` rows and columns before the next, so that the lines of the cache it touches
/// are still there. The last tiles may be cut off. tile >= 1.
Tensor tiled_transpose(const Tensor& matrix, int64_t tile = 16);

}  // namespace gpt
