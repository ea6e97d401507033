#pragma once
// The three matrix products of a linear layer, on a ladder of eight rungs. Their names, and the order of what
// they take, are Backend's (chapter 05); pointers are device pointers. Any sizes will do. Rows whose length
// is a multiple of 16 bytes are faster, from rung 4 on.

#include "07_cuda_kernels/seam.hpp"

namespace gpt {

/// 0: one output a thread. 1: coalesced. 2: tiles in shared memory. 3: 4 × 4 outputs a thread. 4: 8 × 8, and
/// four neighbours by one load. 5: the next tile is fetched while this one is multiplied. 6: tensor cores. 7:
/// tensor cores, whose tiles are copied meanwhile. 4, 5 and 7 take rows of whole packs of 16 bytes, 6 and 7
/// are for bf16 and GPUs from sm_80 on; where a rung cannot run, the next lower one that can does.
constexpr int linear_rungs = 8;

// clang-format off
SIMT_ON_EVERY_MACHINE(
/// y = x · weightᵀ + bias + residual. x: (rows, inputs), weight: (outputs, inputs), residual: (rows, outputs) or
/// nullptr, of `type`; bias: (outputs) f32 or nullptr; y: (rows, outputs) of y_type, which is `type` or f32.
void linear_forward(DType type, DType y_type, void* y, const void* x, const void* weight, const float* bias,
                    const void* residual, int64_t rows, int64_t inputs, int64_t outputs,
                    int rung = linear_rungs - 1, Stream stream = nullptr);
/// dx = dy · weight, or dx += … if `add`. All of `type`.
void linear_backward_input(DType type, void* dx, bool add, const void* dy, const void* weight, int64_t rows,
                           int64_t inputs, int64_t outputs, int rung = linear_rungs - 1,
                           Stream stream = nullptr);
/// d_weight += dyᵀ · x, d_bias += the sum of the rows of dy, both f32; d_bias may be nullptr. dy, x: of `type`. The
/// same bits in every run. `scratch`: linear_backward_weight_scratch_bytes() of device memory.
void linear_backward_weight(DType type, float* d_weight, float* d_bias, const void* dy, const void* x,
                            int64_t rows, int64_t inputs, int64_t outputs, void* scratch,
                            int rung = linear_rungs - 1, Stream stream = nullptr);
size_t linear_backward_weight_scratch_bytes(int64_t rows, int64_t inputs, int64_t outputs);
)
// clang-format on

}  // namespace gpt
