// The softmax of one block of attention scores. Scores stand one row per key, so that the 32 queries of a
// block are two vectors: their softmax runs in parallel lanes, and no sum runs across a vector.

#include <algorithm>
#include <cmath>
#include <limits>

#include "05_gpt/cpu_attention.hpp"

namespace gpt::cpu {
namespace {

constexpr int64_t halves = block / lanes;

/// Gives `value` to the scores whose key lies behind their query: those above the diagonal of a block of
/// queries of which the first is at position `from`.
void mask_future(float* scores, int64_t keys, int64_t from, float value) {
  for (int64_t k = from + 1; k < keys; ++k) std::fill_n(scores + k * block, std::min(k - from, block), value);
}

}  // namespace

AttentionSizes::AttentionSizes(const Tensor& qkv, int64_t head_count)
    : B(qkv.size(0)),
      T(qkv.size(1)),
      C(qkv.size(2) / 3),
      heads(head_count),
      width(C / heads),
      padded(round_up(width, panel)),
      row(3 * C),
      sample(qkv.strides()[0]),
      scale(1.0f / std::sqrt(static_cast<float>(width))) {}

void softmax(float* scores, int64_t keys, float scale, const QueryBlock& at, float* sum, float* lse) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  mask_future(scores, keys, at.from, -infinity);
  Vector largest[halves], total[halves] = {};
  for (Vector& v : largest) v = Vector{} - infinity;
  for (int64_t k = 0; k < keys; ++k)
    for (int64_t h = 0; h < halves; ++h) {
      const Vector score = load_vector(scores + k * block + h * lanes);
      largest[h] = score > largest[h] ? score : largest[h];
    }
  for (Vector& v : largest) v *= scale;
  for (int64_t k = 0; k < keys; ++k)
    for (int64_t h = 0; h < halves; ++h) {
      float* place = scores + k * block + h * lanes;
      const Vector weight = fast_exp(load_vector(place) * scale - largest[h]);
      total[h] += weight;
      store_vector(place, weight);
    }
  mask_future(scores, keys, at.from, 0.0f);
  for (int64_t i = 0; i < block; ++i) {
    sum[i] = total[i / lanes][i % lanes];
    lse[i] = largest[i / lanes][i % lanes] + std::log(sum[i]);
  }
  if (at.dropout.active())
    for (int64_t i = 0; i < at.to - at.from; ++i)
      for (int64_t k = 0; k <= at.from + i; ++k) scores[k * block + i] *= at.factor(i, k);
}

void softmax_backward(float* scores, float* gradients, int64_t keys, float scale, const QueryBlock& at,
                      const float* lse, const float* common) {
  const bool dropped = at.dropout.active();
  for (int64_t k = 0; k < keys; ++k)
    for (int64_t h = 0; h < block; h += lanes) {
      float *score = scores + k * block + h, *gradient = gradients + k * block + h;
      const Vector weight = fast_exp(load_vector(score) * scale - load_vector(lse + h));
      store_vector(score, weight);
      if (!dropped) store_vector(gradient, weight * (load_vector(gradient) - load_vector(common + h)));
    }
  if (dropped)
    for (int64_t i = 0; i < at.to - at.from; ++i)
      for (int64_t k = 0; k <= at.from + i; ++k) {
        const float factor = at.factor(i, k);
        float &weight = scores[k * block + i], &gradient = gradients[k * block + i];
        gradient = weight * (gradient * factor - common[i]);
        weight *= factor;
      }
  mask_future(scores, keys, at.from, 0.0f);
  mask_future(gradients, keys, at.from, 0.0f);
}

}  // namespace gpt::cpu
