#pragma once
// Reading memory for nothing: what is measured next finds a cache that is full of something else.

#include "07_cuda_kernels/seam.hpp"

namespace gpt {

// clang-format off
SIMT_ON_EVERY_MACHINE(
/// Reads `n` floats, a multiple of 4, none of them -1. `never` is not written to.
void sweep(float* never, const float* memory, int64_t n, Stream stream = nullptr);
)
// clang-format on

}  // namespace gpt
