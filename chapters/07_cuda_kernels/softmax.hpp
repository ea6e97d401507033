#pragma once

#include "07_cuda_kernels/seam.hpp"

namespace gpt {

constexpr int softmax_rungs = 4;

// clang-format off
SIMT_ON_EVERY_MACHINE(
/// y[r, c] = exp(x[r, c]) / Σ exp(x[r, ·]), without overflow. x, y: (rows, columns) of `type`; y may be x.
void softmax_forward(DType type, void* y, const void* x, int64_t rows, int64_t columns,
                     int rung = softmax_rungs - 1, Stream stream = nullptr);
)
// clang-format on

}  // namespace gpt
