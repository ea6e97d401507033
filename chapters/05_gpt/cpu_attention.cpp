// Causal attention in blocks of 32 queries. The scores of one block against all its keys fit in the cache, so
// the (T, T) matrix of weights never goes to memory: the forward pass keeps one number per query, the
// backward pass computes the weights again from it (Dao et al., "FlashAttention", 2022; a processor's cache
// is large enough to do without its blocks of keys). Scores are kept transposed, one row per key: the 32
// queries of a row are two vectors, so that the softmax of 32 queries runs in parallel lanes, and no operand
// but the small block of queries has to be transposed.

#include <algorithm>

#include "05_gpt/cpu_amx.hpp"
#include "05_gpt/cpu_attention.hpp"

namespace gpt {
namespace {

using cpu::block;
using cpu::load;
using cpu::multiply_panels;

/// Copies rows × width elements from rows `stride` apart into dense rows of `to_row`, as floats.
template <class A>
void pack(const A* from, int64_t stride, int64_t rows, int64_t width, float* to, int64_t to_row) {
  for (int64_t t = 0; t < rows; ++t)
    cpu::map_vectors(
        0, width, [](cpu::Vector v) { return v; }, to + t * to_row, from + t * stride);
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

}  // namespace

// [forward]
void CpuBackend::attention_forward(const Tensor& y, const Tensor& lse, const Tensor& qkv, int64_t heads,
                                   int64_t first_query, const Dropout& dropout) {
  if (tiles_ && qkv.dtype() == DType::bf16)
    return cpu::attention_forward_in_tiles(y, lse, qkv, heads, first_query, dropout);
  const cpu::AttentionSizes s(qkv, heads);
  const int64_t queries = s.T - first_query;
  cpu::dispatch_activation(qkv, [&](auto zero) {
    using A = decltype(zero);
#pragma omp parallel
    {
      cpu::Scratch scratch((2 * s.T + 2 * block) * s.padded + (s.width + s.T) * block);
      float *K = scratch.take(s.T * s.padded), *V = scratch.take(s.T * s.padded);  // (T, width)
      float* Q = scratch.take(block * s.padded);                                   // one block of queries
      float* Qt = scratch.take(s.width * block);                                   // its transpose
      float* P = scratch.take(s.T * block);       // the scores, then the weights, a row per key
      float* O = scratch.take(block * s.padded);  // the results
#pragma omp for collapse(2) schedule(static)
      for (int64_t b = 0; b < s.B; ++b)
        for (int64_t h = 0; h < heads; ++h) {
          const A* q = qkv.data<A>() + b * s.sample + h * s.width;
          pack(q + s.C, s.row, s.T, s.width, K, s.padded);
          pack(q + 2 * s.C, s.row, s.T, s.width, V, s.padded);
          for (int64_t from = first_query; from < s.T; from += block) {
            const int64_t to = std::min(from + block, s.T), rows = to - from;
            pack(q + from * s.row, s.row, rows, s.width, Q, s.padded);
            transpose_block(Q, s.padded, rows, s.width, Qt);
            multiply_panels(to, block, s.width, {K, s.padded, 1}, Qt, block, P, block, false);

            float sum[block], log_sum[block];
            cpu::softmax(P, to, s.scale, {b, h, from, to, s.T, dropout}, sum, log_sum);
            multiply_panels(rows, s.padded, to, {P, 1, block}, V, s.padded, O, s.padded, false);
            for (int64_t i = 0; i < rows; ++i) {
              const int64_t query = from + i - first_query;
              lse.data<float>()[(b * heads + h) * queries + query] = log_sum[i];
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
  if (tiles_ && qkv.dtype() == DType::bf16)
    return cpu::attention_backward_in_tiles(d_qkv, dy, y, lse, qkv, heads, dropout);
  const cpu::AttentionSizes s(qkv, heads);
  cpu::dispatch_activation(qkv, [&](auto zero) {
    using A = decltype(zero);
#pragma omp parallel
    {
      const int64_t all = s.T * s.padded, one = block * s.padded;
      cpu::Scratch scratch(4 * all + 3 * one + 2 * s.width * block + 2 * s.T * block);
      float *K = scratch.take(all), *V = scratch.take(all);                 // (T, width)
      float *dK = scratch.take(all), *dV = scratch.take(all);               // their gradients
      float *Q = scratch.take(one), *Qt = scratch.take(s.width * block);    // one block of queries
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
            pack(q + from * s.row, s.row, rows, s.width, Q, s.padded);
            pack(dy.data<A>() + at, s.C, rows, s.width, dO, s.padded);
            transpose_block(Q, s.padded, rows, s.width, Qt);
            transpose_block(dO, s.padded, rows, s.width, dOt);
            float log_sum[block] = {}, common[block] = {};
            std::copy_n(lse.data<float>() + (b * heads + h) * s.T + from, rows, log_sum);
            cpu::row_dots(dy.data<A>() + at, y.data<A>() + at, s.C, rows, s.width, common);

            multiply_panels(to, block, s.width, {K, s.padded, 1}, Qt, block, P, block, false);
            multiply_panels(to, block, s.width, {V, s.padded, 1}, dOt, block, dS, block, false);
            cpu::softmax_backward(P, dS, to, s.scale, {b, h, from, to, s.T, dropout}, log_sum, common);
            multiply_panels(rows, s.padded, to, {dS, 1, block}, K, s.padded, dQ, s.padded, false);
            multiply_panels(to, s.padded, rows, {dS, block, 1}, Q, s.padded, dK, s.padded, true);
            multiply_panels(to, s.padded, rows, {P, block, 1}, dO, s.padded, dV, s.padded, true);
            unpack(dQ, s.padded, rows, s.width, s.scale, d_q + from * s.row, s.row);
          }
          unpack(dK, s.padded, s.T, s.width, s.scale, d_q + s.C, s.row);
          unpack(dV, s.padded, s.T, s.width, 1.0f, d_q + 2 * s.C, s.row);
        }
    }
  });
}

}  // namespace gpt
