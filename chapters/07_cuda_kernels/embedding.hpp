#pragma once
// Looking up tokens and positions, and handing gradients back to the rows that were looked up.

#include "07_cuda_kernels/seam.hpp"

namespace gpt {

constexpr int embedding_forward_rungs = 2;
constexpr int embedding_backward_rungs = 3;

// clang-format off
SIMT_ON_EVERY_MACHINE(
/// x[b, t] = token_table[tokens[b, t]] + position_table[first_position + t]. tokens: (batch, positions), in
/// 0 … V - 1; token_table: (V, width), position_table: (context, width), x: (batch, positions, width), of `type`.
void embedding_forward(DType type, void* x, const int32_t* tokens, const void* token_table,
                       const void* position_table, int64_t first_position, int64_t batch, int64_t positions,
                       int64_t width, int rung = embedding_forward_rungs - 1, Stream stream = nullptr);
/// Adds dx to the rows of the tables' gradients, which are f32: (vocabulary, width) and (context, width). In a
/// fixed order from rung 1 on. dx: (batch, positions, width) of `type`.
void embedding_backward(DType type, float* d_token_table, float* d_position_table, const void* dx,
                        const int32_t* tokens, int64_t batch, int64_t positions, int64_t width,
                        int64_t vocabulary, void* scratch, int rung = embedding_backward_rungs - 1,
                        Stream stream = nullptr);
size_t embedding_backward_scratch_bytes(int64_t batch, int64_t positions, int64_t width);
)
// clang-format on

}  // namespace gpt
