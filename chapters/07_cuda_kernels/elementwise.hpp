#pragma once
// Kernels that treat each element by itself. Their names, and the order of what they take, are Backend's
// (chapter 05); pointers are device pointers, n counts elements, `type` is f32 or bf16 and holds for all
// void* of a call. Every rung computes the same; pointers that are multiples of 16 bytes are faster, not
// required.

#include "07_cuda_kernels/seam.hpp"

namespace gpt {

constexpr int gelu_rungs = 3;
constexpr int add_rungs = 2;
constexpr int fill_rungs = 2;
constexpr int cast_rungs = 2;

// clang-format off
SIMT_ON_EVERY_MACHINE(
/// y = x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))). y may be x.
void gelu_forward(DType type, void* y, const void* x, int64_t n, int rung = gelu_rungs - 1, Stream stream = nullptr);
/// dx = dy · gelu'(x). dx may be dy.
void gelu_backward(DType type, void* dx, const void* dy, const void* x, int64_t n, int rung = gelu_rungs - 1,
                   Stream stream = nullptr);
/// a += b.
void add(DType type, void* a, const void* b, int64_t n, int rung = add_rungs - 1, Stream stream = nullptr);
/// x[i] = value.
void fill(DType type, void* x, double value, int64_t n, int rung = fill_rungs - 1, Stream stream = nullptr);
/// to[i] = from[i], rounded to nearest even from f32 to bf16. The types may be the same.
void cast(DType to_type, void* to, DType from_type, const void* from, int64_t n, int rung = cast_rungs - 1,
          Stream stream = nullptr);
)
// clang-format on

}  // namespace gpt
