#pragma once
// The kernels that this chapter adds to those of chapter 07.

#include "07_cuda_kernels/seam.hpp"

namespace gpt {

// clang-format off
SIMT_ON_EVERY_MACHINE(
/// mean = beta · mean + (1 - beta) · x, n f32 each, in device memory.
void blend(float* mean, const float* x, float beta, int64_t n, Stream stream = nullptr);
/// sum -= x
void subtract(float* sum, const float* x, int64_t n, Stream stream = nullptr);
)
// clang-format on

}  // namespace gpt
