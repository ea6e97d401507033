// Causal attention in blocks of 32 queries. The scores of one block against all its keys fit in the cache, so
// the (T, T) matrix of weights never goes to memory: the forward pass keeps one number per query, the
// backward pass computes the weights again from it (Dao et al., "FlashAttention", 2022; a processor's cache
// is large enough to do without its blocks of keys). Scores are kept transposed, one row per key: the 32
// queries of a row are two vectors, so that the softmax of 32 queries runs in parallel lanes, and no operand
// but the small block of queries has to be transposed.

#include <algorithm>
#include <cmath>
#include <limits>

#include "05_gpt/cpu_backend.hpp"
#include "05_gpt/cpu_tiles.hpp"
#include "05_gpt/cpu_vector.hpp"

namespace gpt {
namespace {

using cpu::load;
using cpu::multiply_panels;

constexpr int64_t block = cpu::panel;  // queries per block

/// The sizes of one call.
struct Sizes {
  int64_t B, T, C, heads, width;  // width: of one head
  int64_t padded;                 // width, rounded up to whole tiles
  int64_t row;                    // from one position's qkv to the next
  int64_t sample;                 // from one sample's qkv to the next
  float scale;

  Sizes(const Tensor& qkv, int64_t head_count)
      : B(qkv.size(0)),
        T(qkv.size(1)),
        C(qkv.size(2) / 3),
        heads(head_count),
        width(C / heads),
        padded(cpu::round_up(width, cpu::panel)),
        row(3 * C),
        sample(qkv.strides()[0]),
        scale(1.0f / std::sqrt(static_cast<float>(width))) {}
};

/// Copies rows × width elements from rows `stride` apart into dense rows of `to_row`, as floats times
/// `factor`.
template <class A>
void pack(const A* from, int64_t stride, int64_t rows, int64_t width, float* to, int64_t to_row,
          float factor = 1.0f) {
  for (int64_t t = 0; t < rows; ++t)
    cpu::map_vectors(
        0, width, [factor](cpu::Vector v) { return factor * v; }, to + t * to_row, from + t * stride);
}

/// (rows, width) with rows of `padded` → (width, block).
void transpose_block(const float* from, int64_t padded, int64_t rows, int64_t width, float* to) {
  for (int64_t c = 0; c < width; ++c)
    for (int64_t t = 0; t < rows; ++t) to[c * block + t] = from[t * padded + c];
}

template <class A>
void unpack(const float* from, int64_t from_row, int64_t rows, int64_t width, float factor, A* to,
            int64_t stride) {
  for (int64_t t = 0; t < rows; ++t)
    cpu::map_vectors(
        0, width, [factor](cpu::Vector v) { return factor * v; }, to + t * stride, from + t * from_row);
}

/// One thread's working memory, cut into parts. All zeros at first: what pads a tile then stays zero.
class Scratch {
 public:
  explicit Scratch(int64_t floats) : memory_(Tensor::zeros({floats})) {}
  float* take(int64_t floats) {
    float* part = memory_.data<float>() + used_;
    used_ += floats;
    GPT_CHECK(used_ <= memory_.elements(), "scratch of {} floats", memory_.elements());
    return part;
  }

 private:
  Tensor memory_;
  int64_t used_ = 0;
};

/// Gives `value` to the scores whose key lies behind their query: those above the diagonal of a block of
/// queries of which the first is at position `from`.
void mask_future(float* scores, int64_t keys, int64_t from, float value) {
  for (int64_t k = from + 1; k < keys; ++k)
    std::fill(scores + k * block, scores + k * block + (k - from), value);
}

/// Turns scores into weights: e^(score - shift[query]), and 0 for the future.
void exponentiate(float* scores, int64_t keys, int64_t from, const float* shift) {
  for (int64_t k = 0; k < keys; ++k)
    for (int64_t i = 0; i < block; ++i)
      scores[k * block + i] = cpu::fast_exp(scores[k * block + i] - shift[i]);
  mask_future(scores, keys, from, 0.0f);
}

}  // namespace

// [forward]
void CpuBackend::attention_forward(const Tensor& y, const Tensor& lse, const Tensor& qkv, int64_t heads,
                                   int64_t first_query, const Dropout& dropout) {
  const Sizes s(qkv, heads);
  const int64_t queries = s.T - first_query;
  cpu::dispatch_activation(qkv, [&](auto zero) {
    using A = decltype(zero);
#pragma omp parallel
    {
      Scratch scratch((2 * s.T + 2 * block) * s.padded + (s.width + s.T) * block);
      float* K = scratch.take(s.T * s.padded);    // (T, width)
      float* V = scratch.take(s.T * s.padded);    // (T, width)
      float* Q = scratch.take(block * s.padded);  // one block of queries, scaled
      float* Qt = scratch.take(s.width * block);  // its transpose
      float* P = scratch.take(s.T * block);       // the scores, then the weights, a row per key
      float* O = scratch.take(block * s.padded);  // the results
#pragma omp for collapse(2) schedule(static)
      for (int64_t b = 0; b < s.B; ++b)
        for (int64_t h = 0; h < heads; ++h) {
          const A* q = qkv.data<A>() + b * s.sample + h * s.width;
          pack(q + s.C, s.row, s.T, s.width, K, s.padded);
          pack(q + 2 * s.C, s.row, s.T, s.width, V, s.padded);
          for (int64_t from = first_query; from < s.T; from += block) {
            const int64_t to = std::min(from + block, s.T),
                          rows = to - from;  // no query of the block sees key `to`
            pack(q + from * s.row, s.row, rows, s.width, Q, s.padded, s.scale);
            transpose_block(Q, s.padded, rows, s.width, Qt);
            multiply_panels(to, block, s.width, {K, s.padded, 1}, Qt, block, P, block, false);

            float largest[block], sum[block];
            std::fill(largest, largest + block, -std::numeric_limits<float>::infinity());
            std::fill(sum, sum + block, 0.0f);
            mask_future(P, to, from, -std::numeric_limits<float>::infinity());
            for (int64_t k = 0; k < to; ++k)
              for (int64_t i = 0; i < block; ++i)
                largest[i] = P[k * block + i] > largest[i] ? P[k * block + i] : largest[i];
            exponentiate(P, to, from, largest);
            for (int64_t k = 0; k < to; ++k)
              for (int64_t i = 0; i < block; ++i) sum[i] += P[k * block + i];
            if (dropout.active())
              for (int64_t i = 0; i < rows; ++i)
                for (int64_t k = 0; k <= from + i; ++k)
                  P[k * block + i] *= dropout.factor(b, (h * s.T + from + i) * s.T + k);

            multiply_panels(rows, s.padded, to, {P, 1, block}, V, s.padded, O, s.padded, false);
            for (int64_t i = 0; i < rows; ++i) {
              const int64_t query = from + i - first_query;
              lse.data<float>()[(b * heads + h) * queries + query] = largest[i] + std::log(sum[i]);
              A* out = y.data<A>() + (b * queries + query) * s.C + h * s.width;
              unpack(O + i * s.padded, s.padded, 1, s.width, 1.0f / sum[i], out, s.C);
            }
          }
        }
    }
  });
}
// [/forward]

void CpuBackend::attention_backward(const Tensor& d_qkv, const Tensor& dy, const Tensor& y, const Tensor& lse,
                                    const Tensor& qkv, int64_t heads, const Dropout& dropout) {
  const Sizes s(qkv, heads);
  cpu::dispatch_activation(qkv, [&](auto zero) {
    using A = decltype(zero);
#pragma omp parallel
    {
      const int64_t all = s.T * s.padded, one = block * s.padded;
      Scratch scratch(4 * all + 3 * one + 2 * s.width * block + 2 * s.T * block);
      float *K = scratch.take(all), *V = scratch.take(all);                 // (T, width)
      float *dK = scratch.take(all), *dV = scratch.take(all);               // their gradients
      float *Q = scratch.take(one), *Qt = scratch.take(s.width * block);    // one block of queries, scaled
      float *dO = scratch.take(one), *dOt = scratch.take(s.width * block);  // the gradient of its results
      float* dQ = scratch.take(one);
      float* P = scratch.take(s.T * block);   // the weights, a row per key
      float* dS = scratch.take(s.T * block);  // the gradient of the weights, then that of the scores
#pragma omp for collapse(2) schedule(static)
      for (int64_t b = 0; b < s.B; ++b)
        for (int64_t h = 0; h < heads; ++h) {
          const A* q = qkv.data<A>() + b * s.sample + h * s.width;
          A* d_q = d_qkv.data<A>() + b * s.T * s.row + h * s.width;
          pack(q + s.C, s.row, s.T, s.width, K, s.padded);
          pack(q + 2 * s.C, s.row, s.T, s.width, V, s.padded);
          std::fill(dK, dK + all, 0.0f);
          std::fill(dV, dV + all, 0.0f);
          for (int64_t from = 0; from < s.T; from += block) {
            const int64_t to = std::min(from + block, s.T), rows = to - from;
            const int64_t at = (b * s.T + from) * s.C + h * s.width;
            pack(q + from * s.row, s.row, rows, s.width, Q, s.padded, s.scale);
            pack(dy.data<A>() + at, s.C, rows, s.width, dO, s.padded);
            transpose_block(Q, s.padded, rows, s.width, Qt);
            transpose_block(dO, s.padded, rows, s.width, dOt);

            // What the softmax takes off the gradient of all scores of a query is Σ weight · gradient of the
            // weight over its keys. By the forward pass that equals dy · y, which is shorter.
            float log_sum[block] = {}, common[block] = {};
            for (int64_t i = 0; i < rows; ++i) {
              log_sum[i] = lse.data<float>()[(b * heads + h) * s.T + from + i];
              const A* out = y.data<A>() + at + i * s.C;
              float dot = 0;
#pragma omp simd reduction(+ : dot)
              for (int64_t c = 0; c < s.width; ++c) dot += dO[i * s.padded + c] * load(out[c]);
              common[i] = dot;
            }
            multiply_panels(to, block, s.width, {K, s.padded, 1}, Qt, block, P, block, false);
            multiply_panels(to, block, s.width, {V, s.padded, 1}, dOt, block, dS, block, false);
            exponentiate(P, to, from, log_sum);
            if (dropout.active()) {
              for (int64_t i = 0; i < rows; ++i)
                for (int64_t k = 0; k <= from + i; ++k) {
                  const float factor = dropout.factor(b, (h * s.T + from + i) * s.T + k);
                  float &weight = P[k * block + i], &d = dS[k * block + i];
                  d = weight * (d * factor - common[i]);
                  weight *= factor;
                }
              mask_future(dS, to, from, 0.0f);
            } else {
              for (int64_t k = 0; k < to; ++k)
                for (int64_t i = 0; i < block; ++i)
                  dS[k * block + i] = P[k * block + i] * (dS[k * block + i] - common[i]);
            }
            multiply_panels(rows, s.padded, to, {dS, 1, block}, K, s.padded, dQ, s.padded, false);
            multiply_panels(to, s.padded, rows, {dS, block, 1}, Q, s.padded, dK, s.padded, true);
            multiply_panels(to, s.padded, rows, {P, block, 1}, dO, s.padded, dV, s.padded, true);
            unpack(dQ, s.padded, rows, s.width, s.scale, d_q + from * s.row, s.row);
          }
          unpack(dK, s.padded, s.T, s.width, 1.0f, d_q + s.C, s.row);
          unpack(dV, s.padded, s.T, s.width, 1.0f, d_q + 2 * s.C, s.row);
        }
    }
  });
}

}  // namespace gpt
