// Causal attention in bf16 on matrix tiles. The steps are those of cpu_attention.cpp, and so is the layout of
// scores, one row per key. Factors are bf16 and sums f32: scores and results are rounded only where they
// become factors of the next product. What one product needs as its right factor comes in pairs
// (cpu_amx.hpp); a matrix of pairs, transposed word by word, is the transposed matrix in plain rows, and the
// other way round.

#include <algorithm>

#include "05_gpt/cpu_amx.hpp"
#include "05_gpt/cpu_attention.hpp"

namespace gpt::cpu {

#if GPT_HAS_TILES

namespace {

/// Copies rows × width elements from rows `stride` apart into dense rows of `to_row`.
void copy_rows(const bf16* from, int64_t stride, int64_t rows, int64_t width, bf16* to, int64_t to_row) {
  for (int64_t t = 0; t < rows; ++t) std::copy_n(from + t * stride, width, to + t * to_row);
}

/// The same for a block of queries; the rows that it lacks become zeros, so that they add nothing to a sum.
void copy_block(const bf16* from, int64_t stride, int64_t rows, int64_t width, bf16* to, int64_t to_row) {
  copy_rows(from, stride, rows, width, to, to_row);
  std::fill(to + rows * to_row, to + block * to_row, bf16());
}

/// (T, D) → (D, T), both bf16 in plain rows.
void transpose(const bf16* in, int64_t T, int64_t D, bf16* out) {
  for (int64_t t = 0; t < T; t += 32)
    for (int64_t d = 0; d < D; d += 16) transpose_tile(in + t * D + d, D, out + d * T + t, T);
}

/// Weights or their gradients, (keys, block) in f32, as the right factor of a product over keys.
void to_pairs(const float* scores, int64_t keys, bf16* pairs) {
  for (int64_t k = 0; k < keys; k += 2)
    for (int64_t i = 0; i < block; i += lanes)
      store_pairs(pairs + k * block + 2 * i, load_vector(scores + k * block + i),
                  load_vector(scores + (k + 1) * block + i));
}

/// (rows, columns) of floats times factor, as rows of bf16 `stride` apart.
void store_rows(const float* from, int64_t from_row, int64_t rows, int64_t columns, float factor, bf16* to,
                int64_t stride) {
  for (int64_t r = 0; r < rows; ++r)
    map_vectors(
        0, columns, [factor](Vector v) { return v * factor; }, to + r * stride, from + r * from_row);
}

}  // namespace

// [forward]
void attention_forward_in_tiles(const Tensor& y, const Tensor& lse, const Tensor& qkv, int64_t heads,
                                int64_t first_query, const Dropout& dropout) {
  const AttentionSizes s(qkv, heads);
  const int64_t T = round_up(s.T, panel), D = s.padded, queries = s.T - first_query;
#pragma omp parallel
  {
    const TileScope tiles;
    Scratch scratch(2 * T * D + 3 * block * D + 2 * T * block);
    bf16 *K = scratch.take<bf16>(T * D), *V = scratch.take<bf16>(T * D);  // (T, D)
    bf16* Vt = scratch.take<bf16>(T * D);
    bf16 *Q = scratch.take<bf16>(block * D), *Qt = scratch.take<bf16>(block * D);  // Qt: in pairs
    float* S = scratch.take(T * block);                                            // scores, then weights
    bf16* P = scratch.take<bf16>(T * block);                                       // the weights, in pairs
    float *Ot = scratch.take(D * block), *O = scratch.take(D * block);             // the results
#pragma omp for collapse(2) schedule(static)
    for (int64_t b = 0; b < s.B; ++b)
      for (int64_t h = 0; h < heads; ++h) {
        const bf16* q = qkv.data<bf16>() + b * s.sample + h * s.width;
        copy_rows(q + s.C, s.row, s.T, s.width, K, D);
        copy_rows(q + 2 * s.C, s.row, s.T, s.width, V, D);
        transpose(V, T, D, Vt);
        for (int64_t from = first_query; from < s.T; from += block) {
          const int64_t to = std::min(from + block, s.T), keys = round_up(to, panel), rows = to - from;
          copy_block(q + from * s.row, s.row, rows, s.width, Q, D);
          transpose_words(block, D / 2, Q, D / 2, Qt, block);
          multiply_tiles(keys, block, D, {K, D}, Qt, 2 * block, S, block, false);

          alignas(64) float sum[block], log_sum[block];
          softmax(S, keys, s.scale, {b, h, from, to, s.T, dropout}, sum, log_sum);
          to_pairs(S, keys, P);
          multiply_tiles(D, block, keys, {Vt, T}, P, 2 * block, Ot, block, false);
          transpose_words(D, block, Ot, block, O, D);
          const int64_t query = from - first_query;
          std::copy_n(log_sum, rows, lse.data<float>() + (b * heads + h) * queries + query);
          bf16* out = y.data<bf16>() + (b * queries + query) * s.C + h * s.width;
          for (int64_t i = 0; i < rows; ++i)
            store_rows(O + i * D, D, 1, s.width, 1.0f / sum[i], out + i * s.C, s.C);
        }
      }
  }
}
// [/forward]

void attention_backward_in_tiles(const Tensor& d_qkv, const Tensor& dy, const Tensor& y, const Tensor& lse,
                                 const Tensor& qkv, int64_t heads, const Dropout& dropout) {
  const AttentionSizes s(qkv, heads);
  const int64_t T = round_up(s.T, panel), D = s.padded, all = T * D, one = block * D, weights = T * block;
#pragma omp parallel
  {
    const TileScope tiles;
    Scratch scratch(4 * all + 5 * one + 4 * weights);
    bf16 *K = scratch.take<bf16>(all), *V = scratch.take<bf16>(all);  // (T, D)
    bf16* Kt = scratch.take<bf16>(all);
    float *dK = scratch.take(all), *dV = scratch.take(all);
    bf16 *Q = scratch.take<bf16>(one), *dO = scratch.take<bf16>(one);    // one block of queries
    bf16 *Qt = scratch.take<bf16>(one), *dOt = scratch.take<bf16>(one);  // their transposes, in pairs
    bf16 *Q2 = scratch.take<bf16>(one), *dO2 = scratch.take<bf16>(one);  // themselves, in pairs
    float *dQt = scratch.take(one), *dQ = scratch.take(one);
    float *P = scratch.take(weights), *dS = scratch.take(weights);
    bf16 *P1 = scratch.take<bf16>(weights), *dS1 = scratch.take<bf16>(weights);  // rounded, in plain rows
    bf16* dS2 = scratch.take<bf16>(weights);                                     // in pairs
#pragma omp for collapse(2) schedule(static)
    for (int64_t b = 0; b < s.B; ++b)
      for (int64_t h = 0; h < heads; ++h) {
        const bf16* q = qkv.data<bf16>() + b * s.sample + h * s.width;
        bf16* d_q = d_qkv.data<bf16>() + b * s.T * s.row + h * s.width;
        copy_rows(q + s.C, s.row, s.T, s.width, K, D);
        copy_rows(q + 2 * s.C, s.row, s.T, s.width, V, D);
        transpose(K, T, D, Kt);
        std::fill(dK, dK + all, 0.0f);
        std::fill(dV, dV + all, 0.0f);
        for (int64_t from = 0; from < s.T; from += block) {
          const int64_t to = std::min(from + block, s.T), keys = round_up(to, panel), rows = to - from;
          const int64_t at = (b * s.T + from) * s.C + h * s.width;
          copy_block(q + from * s.row, s.row, rows, s.width, Q, D);
          copy_block(dy.data<bf16>() + at, s.C, rows, s.width, dO, D);
          transpose_words(block, D / 2, Q, D / 2, Qt, block);
          transpose_words(block, D / 2, dO, D / 2, dOt, block);
          pair_rows(Q, D, block, D, Q2, 2 * D);
          pair_rows(dO, D, block, D, dO2, 2 * D);
          float log_sum[block] = {}, common[block] = {};
          std::copy_n(lse.data<float>() + (b * heads + h) * s.T + from, rows, log_sum);
          row_dots(dy.data<bf16>() + at, y.data<bf16>() + at, s.C, rows, s.width, common);

          multiply_tiles(keys, block, D, {K, D}, Qt, 2 * block, P, block, false);
          multiply_tiles(keys, block, D, {V, D}, dOt, 2 * block, dS, block, false);
          softmax_backward(P, dS, keys, s.scale, {b, h, from, to, s.T, dropout}, log_sum, common);
          store_rows(P, block, keys, block, 1.0f, P1, block);
          store_rows(dS, block, keys, block, 1.0f, dS1, block);
          to_pairs(dS, keys, dS2);
          multiply_tiles(keys, D, block, {P1, block}, dO2, 2 * D, dV, D, true);
          multiply_tiles(keys, D, block, {dS1, block}, Q2, 2 * D, dK, D, true);
          multiply_tiles(D, block, keys, {Kt, T}, dS2, 2 * block, dQt, block, false);
          transpose_words(D, block, dQt, block, dQ, D);
          store_rows(dQ, D, rows, s.width, s.scale, d_q + from * s.row, s.row);
        }
        store_rows(dK, D, s.T, s.width, s.scale, d_q + s.C, s.row);
        store_rows(dV, D, s.T, s.width, 1.0f, d_q + 2 * s.C, s.row);
      }
  }
}

#else

void attention_forward_in_tiles(const Tensor&, const Tensor&, const Tensor&, int64_t, int64_t,
                                const Dropout&) {
  GPT_CHECK(false, "built without tiles");
}
void attention_backward_in_tiles(const Tensor&, const Tensor&, const Tensor&, const Tensor&, const Tensor&,
                                 int64_t, const Dropout&) {
  GPT_CHECK(false, "built without tiles");
}

#endif

}  // namespace gpt::cpu
