#pragma once
// The ceiling of the matrix products: NVIDIA's own library.

#include <functional>

#include "07_cuda_kernels/seam.hpp"

namespace gpt {

// clang-format off
SIMT_ON_EVERY_MACHINE(
/// y = x · weightᵀ by cuBLASLt, as linear_forward without bias and residual; f32 without TF32. Empty on the SIMT
/// machine, and where the library is not there. Throws Error where it knows no way.
std::function<void()> linear_forward_by_library(DType type, void* y, const void* x, const void* weight, int64_t rows,
                                                int64_t inputs, int64_t outputs);
)
// clang-format on

}  // namespace gpt
