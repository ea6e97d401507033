#pragma once
// Layer normalisation (Ba, Kiros and Hinton, 2016) as Backend has it: ε = 1e-5. The last rungs keep rows of
// up to 1,664 elements, a multiple of 4; other widths get rung 1.

#include "07_cuda_kernels/seam.hpp"

namespace gpt {

constexpr int layernorm_forward_rungs = 4;
constexpr int layernorm_backward_rungs = 3;

// clang-format off
SIMT_ON_EVERY_MACHINE(
/// y = (x - mean) · rstd · weight + bias in each row. x, y: (rows, width) of `type`; weight, bias: (width),
/// mean, rstd: (rows), all f32.
void layernorm_forward(DType type, void* y, float* mean, float* rstd, const void* x, const float* weight,
                       const float* bias, int64_t rows, int64_t width, int rung = layernorm_forward_rungs - 1,
                       Stream stream = nullptr);
/// dx = …, or dx += … if `add`; d_weight, d_bias: (width) f32 are added to, in a fixed order from rung 1 on.
/// dx, dy, x: (rows, width) of `type`.
void layernorm_backward(DType type, void* dx, bool add, float* d_weight, float* d_bias, const void* dy,
                        const void* x, const float* weight, const float* mean, const float* rstd, int64_t rows,
                        int64_t width, void* scratch, int rung = layernorm_backward_rungs - 1,
                        Stream stream = nullptr);
size_t layernorm_backward_scratch_bytes(int64_t rows, int64_t width);
)
// clang-format on

}  // namespace gpt
