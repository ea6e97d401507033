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

/// 0: three plain kernels, with all scores in memory.
constexpr int attention_rungs = 1;

/// Of device memory. Rung 0 keeps (B, H, T - first_query, T) scores, and for the backward pass twice as many.
constexpr int64_t attention_forward_scratch_bytes(const AttentionShape& shape,
                                                  int /*rung*/ = attention_rungs - 1) {
  return shape.batch * shape.heads * shape.queries() * shape.positions * 4;
}
constexpr int64_t attention_backward_scratch_bytes(const AttentionShape& shape,
                                                   int /*rung*/ = attention_rungs - 1) {
  return 2 * shape.batch * shape.heads * shape.positions * shape.positions * 4;
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
