#pragma once
// Causal self-attention, forward and backward, on a ladder. What is computed is said in
// chapters/05_gpt/backend.hpp.

#include "07_cuda_kernels/seam.hpp"

namespace gpt {

/// The sizes of an attention: B samples, T positions, H heads of D numbers each, C = H · D.
struct AttentionShape {
  int64_t batch, positions, heads, head_width;
  /// Elements from one sample of qkv to the next: 3·C·T, or more where qkv is the front of a longer buffer.
  int64_t sample_stride;
  /// Only the queries from here on are computed; 0 for the backward pass.
  int64_t first_query = 0;

  constexpr int64_t width() const { return heads * head_width; }
  constexpr int64_t queries() const { return positions - first_query; }
};

/// 0: three plain kernels, with all scores in memory. 1: tiles and an online softmax, in one kernel, without
/// that memory. 2: the same on tensor cores, in bf16.
constexpr int attention_rungs = 3;

/// The rung that runs when `rung` is asked for. Rung 1 wants heads of 8, 16, 24, … 128 numbers, arrays that
/// begin at multiples of 16 bytes, and a sample_stride that is a multiple of 4; rung 0 takes the rest. Rung 2
/// wants bf16 on a GPU that has tensor cores for it, heads of 32, 64 or 128 numbers, and a sample_stride that
/// is a multiple of 8.
constexpr int attention_rung_for(const AttentionShape& shape, bool bf16_on_tensor_cores, int rung) {
  const int64_t width = shape.head_width, stride = shape.sample_stride;
  if (width % 8 != 0 || width > 128 || stride % 4 != 0) return 0;
  const bool cores = bf16_on_tensor_cores && (width == 32 || width == 64 || width == 128) && stride % 8 == 0;
  return rung == 2 && !cores ? 1 : rung;
}

/// Of device memory. Rung 0 keeps (B, H, T - first_query, T) scores, and for the backward pass twice as many;
/// the others keep (B, H, T) numbers for the backward pass.
constexpr int64_t attention_forward_scratch_bytes(const AttentionShape& shape,
                                                  int rung = attention_rungs - 1) {
  const int64_t rows = shape.batch * shape.heads * shape.queries();
  return attention_rung_for(shape, false, rung) == 0 ? rows * shape.positions * 4 : 0;
}
constexpr int64_t attention_backward_scratch_bytes(const AttentionShape& shape,
                                                   int rung = attention_rungs - 1) {
  const int64_t rows = shape.batch * shape.heads * shape.positions;
  return attention_rung_for(shape, false, rung) == 0 ? 2 * rows * shape.positions * 4 : rows * 4;
}

// clang-format off
SIMT_ON_EVERY_MACHINE(
/// y[b,t] = Σ_{s ≤ t} m_ts p_ts v_s with p = softmax of the scores q_t · k_s / √D and dropout's factors m.
/// qkv: (B, T, 3C), y: (B, T - first_query, C), both of `type` (f32, or bf16 as 16-bit words); lse: (B, H, T -
/// first_query), always f32. `scratch` has attention_forward_scratch_bytes(), and may be nullptr if that is 0.
void attention_forward(DType type, void* y, float* lse, const void* qkv, const AttentionShape& shape,
                       const Dropout& dropout, void* scratch, int rung = attention_rungs - 1,
                       Stream stream = nullptr);
/// d_qkv: (B, T, 3C), contiguous, of `type`, as dy and y: (B, T, C). The same bits in every run.
void attention_backward(DType type, void* d_qkv, const void* dy, const void* y, const float* lse,
                        const void* qkv, const AttentionShape& shape, const Dropout& dropout, void* scratch,
                        int rung = attention_rungs - 1, Stream stream = nullptr);
)
// clang-format on

}  // namespace gpt
