#pragma once
// What both forms of attention on the processor share, the one in vectors of floats (cpu_attention.cpp) and
// the one in tiles of bf16 (cpu_attention_tiles.cpp): blocks of 32 queries, and the softmax of one block.

#include "05_gpt/cpu_backend.hpp"
#include "05_gpt/cpu_scratch.hpp"
#include "05_gpt/cpu_tiles.hpp"
#include "05_gpt/cpu_vector.hpp"

namespace gpt::cpu {

inline constexpr int64_t block = panel;  ///< queries per block: two vectors of lanes

/// The sizes of one call.
struct AttentionSizes {
  int64_t B, T, C, heads, width;  ///< width: of one head
  int64_t padded;                 ///< width, rounded up to whole tiles
  int64_t row;                    ///< from one position's qkv to the next
  int64_t sample;                 ///< from one sample's qkv to the next
  float scale;                    ///< 1 / √width

  AttentionSizes(const Tensor& qkv, int64_t heads);
};

/// Where a block of queries lies, for the softmax: one sample's head, the first query, and the mask of the
/// dropout.
struct QueryBlock {
  int64_t sample, head;
  int64_t from, to;   ///< its queries; no query of the block sees key `to`
  int64_t positions;  ///< T
  const Dropout& dropout;

  /// The factor that dropout gives to the weight of `key` for the block's query i.
  float factor(int64_t i, int64_t key) const {
    return dropout.factor(sample, (head * positions + from + i) * positions + key);
  }
};

/// Turns scores (keys, block) into weights: e^(scale · (score - the query's largest)), 0 for the future, and
/// dropout's factor. `sum` is what each query's weights sum to without dropout, and `lse` the logarithm of
/// the sum of all e^(scale · score).
void softmax(float* scores, int64_t keys, float scale, const QueryBlock& at, float* sum, float* lse);

/// Turns scores, both (keys, block), into weights as softmax() made them, and the gradients of the weights
/// into those of the scores (before scaling): weight · (gradient - common), where common = dy · y of the
/// query. What the softmax takes off the gradient of all scores of a query is Σ weight · gradient over its
/// keys; by the forward pass that equals dy · y, which is shorter.
void softmax_backward(float* scores, float* gradients, int64_t keys, float scale, const QueryBlock& at,
                      const float* lse, const float* common);

/// dots[i] = dy_i · y_i for rows `stride` apart.
template <class A>
void row_dots(const A* dy, const A* y, int64_t stride, int64_t rows, int64_t width, float* dots) {
  for (int64_t i = 0; i < rows; ++i) {
    float dot = 0;
#pragma omp simd reduction(+ : dot)
    for (int64_t c = 0; c < width; ++c) dot += load(dy[i * stride + c]) * load(y[i * stride + c]);
    dots[i] = dot;
  }
}

// For bf16 where tiles_available(): the same as CpuBackend's functions.
void attention_forward_in_tiles(const Tensor& y, const Tensor& lse, const Tensor& qkv, int64_t heads,
                                int64_t first_query, const Dropout& dropout);
void attention_backward_in_tiles(const Tensor& d_qkv, const Tensor& dy, const Tensor& y, const Tensor& lse,
                                 const Tensor& qkv, int64_t heads, const Dropout& dropout);

}  // namespace gpt::cpu
