#pragma once
// Dropout with the same masks as on the CPU (chapter 05's Dropout): they are computed, not stored.

#include "07_cuda_kernels/seam.hpp"

namespace gpt {

constexpr int dropout_rungs = 2;

// clang-format off
SIMT_ON_EVERY_MACHINE(
/// y = residual + dropout(x), all of them (samples, per_sample) of `type`; residual may be nullptr, y may be x.
/// Without dropout.active() this is y = residual + x.
void dropout_forward(DType type, void* y, const void* x, const void* residual, int64_t samples, int64_t per_sample,
                     const Dropout& dropout, int rung = dropout_rungs - 1, Stream stream = nullptr);
/// dx = dropout(dy). dx may be dy.
void dropout_backward(DType type, void* dx, const void* dy, int64_t samples, int64_t per_sample,
                      const Dropout& dropout, int rung = dropout_rungs - 1, Stream stream = nullptr);
)
// clang-format on

}  // namespace gpt
