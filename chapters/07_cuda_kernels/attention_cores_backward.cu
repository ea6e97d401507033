// Attention, rung 2, backward: as rung 1, on tensor cores. Scores and their gradients never leave the
// registers.

#include "07_cuda_kernels/attention_cores.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

// [cores_query_gradients]
/// dq of a tile of queries: tiles of keys and values pass by, 16 keys at a time.
template <int depth, bool dropping>
__global__ void __launch_bounds__(CoreTiles<depth>::threads)
    cores_query_kernel(AttentionBackward<bf16> pass, const float* delta, int query_tiles) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  using Tiles = CoreTiles<depth, dropping>;
  constexpr int blocks = Tiles::blocks, columns = Tiles::columns, stride = Tiles::stride;
  const AttentionShape& a = pass.shape;
  const HeadRows head(a, blockIdx.x / query_tiles);
  const int positions = static_cast<int>(a.positions);
  const int first = (query_tiles - 1 - static_cast<int>(blockIdx.x) % query_tiles) * Tiles::rows;
  const int mine = first + core_warp() * 16 * blocks, last = mine + 16 * blocks - 1;  // queries of this warp
  const int row = core_lane() / 4, column = core_lane() % 4 * 2;                      // of this lane
  const float scale = core_scale<depth>();

  SIMT_DYNAMIC_SHARED(bf16, shared);
  copy_tile<Tiles::rows, depth>(shared, pass.qkv + head.query, head.qkv_row, first, positions);
  copy_tile<Tiles::rows, depth>(shared + Tiles::buffer, pass.dy + head.out, a.width(), first, positions);
  copies_are_there();
  LeftOperand query[blocks][depth / 16], gradient[blocks][depth / 16];
  load_rows<depth>(query, shared);
  load_rows<depth>(gradient, shared + Tiles::buffer);
  __syncthreads();  // all have their rows
  const auto fetch = [&](int key, bf16* buffer) {
    copy_tile<columns, depth>(buffer, pass.qkv + head.key, head.qkv_row, key, positions);
    copy_tile<columns, depth>(buffer + columns * stride, pass.qkv + head.value, head.qkv_row, key, positions);
  };
  fetch(0, shared);

  Sums16 sum[blocks][depth / 16];
  float lse[blocks][2], dy_y[blocks][2];
#pragma unroll
  for (int b = 0; b < blocks; ++b)
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int t = mine + 16 * b + row + 8 * half;
      lse[b][half] = t < positions ? log2_of_e * pass.lse[head.statistics + t] : 0;  // of base 2
      dy_y[b][half] = t < positions ? delta[head.statistics + t] : 0;
    }
  const int seen = min(first + Tiles::rows, positions);
  for (int key = 0, now = 0; key < seen; key += columns, now ^= 1) {
    const bf16 *keys = shared + now * Tiles::buffer, *values = keys + columns * stride;
    copies_are_there();  // and nobody uses the others any more
    if (key + columns < seen) fetch(key + columns, shared + (now ^ 1) * Tiles::buffer);
#pragma unroll
    for (int j = 0; j < columns / 16; ++j) {
      const int keys_from = key + 16 * j;
      if (keys_from > last) continue;
      Sums16 score[blocks], d_weight[blocks];
#pragma unroll
      for (int k = 0; k < depth / 16; ++k) {
        RightOperand of_keys, of_values;
        load(of_keys, keys + 16 * j * stride + 16 * k, stride);
        load(of_values, values + 16 * j * stride + 16 * k, stride);
#pragma unroll
        for (int b = 0; b < blocks; ++b) {
          mma(score[b], query[b][k], of_keys);
          mma(d_weight[b], gradient[b][k], of_values);
        }
      }
      const bool edge = keys_from + 15 > mine;  // some scores are of the future
      LeftOperand d_score[blocks];
#pragma unroll
      for (int b = 0; b < blocks; ++b) {
#pragma unroll
        for (int e = 0; e < 8; ++e) {
          const int half = e / 2 % 2, t = mine + 16 * b + row + 8 * half;
          const int s = keys_from + column + e / 4 * 8 + e % 2;
          const float p = edge && s > t ? 0.0f : exp2_fast(score[b].x[e] * scale - lse[b][half]);
          float dp = d_weight[b].x[e];
          if constexpr (dropping) dp *= attention_factor(pass.dropout, a, head, t, s);
          score[b].x[e] = p * (dp - dy_y[b][half]);
        }
        d_score[b] = left_of(score[b]);
      }
#pragma unroll
      for (int i = 0; i < depth / 16; ++i) {
        RightOperand of_keys;
        load_across(of_keys, keys + 16 * j * stride + 16 * i, stride);
#pragma unroll
        for (int b = 0; b < blocks; ++b) mma(sum[b][i], d_score[b], of_keys);
      }
    }
  }

  __syncthreads();  // the tiles are done with
  const float factor = rsqrtf(static_cast<float>(depth));
#pragma unroll
  for (int b = 0; b < blocks; ++b)
    store_rows<depth>(pass.d_qkv + head.gradient(a), head.qkv_row, mine + 16 * b, positions,
                      shared + core_warp() * 16 * stride, sum[b], factor, factor);
#endif
}
// [/cores_query_gradients]

// [cores_key_gradients]
/// dk and dv of a tile of keys, 16 a warp: tiles of queries and of dy pass by, 16 queries at a time. Keys are
/// the rows here, so that the weights come out as the left operands of dv += weightsᵀ · dy.
template <int depth, bool dropping>
__global__ void __launch_bounds__(CoreTiles<depth>::threads)
    cores_key_kernel(AttentionBackward<bf16> pass, const float* delta, int key_tiles) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  using Tiles = CoreTiles<depth>;
  constexpr int columns = Tiles::columns, stride = Tiles::stride;
  const AttentionShape& a = pass.shape;
  const HeadRows head(a, blockIdx.x / key_tiles);
  const int positions = static_cast<int>(a.positions);
  const int first = static_cast<int>(blockIdx.x) % key_tiles * 64;
  const int mine = first + core_warp() * 16;                      // keys of this warp
  const int row = core_lane() / 4, column = core_lane() % 4 * 2;  // of this lane
  const float scale = core_scale<depth>();

  SIMT_DYNAMIC_SHARED(bf16, shared);
  float* statistics = reinterpret_cast<float*>(shared + 2 * Tiles::buffer);  // lse and dy · y, twice
  copy_tile<64, depth>(shared, pass.qkv + head.key, head.qkv_row, first, positions);
  copy_tile<64, depth>(shared + Tiles::buffer, pass.qkv + head.value, head.qkv_row, first, positions);
  copies_are_there();
  LeftOperand key[1][depth / 16], value[1][depth / 16];
  load_rows<depth>(key, shared);
  load_rows<depth>(value, shared + Tiles::buffer);
  __syncthreads();  // all have their rows
  const auto fetch = [&](int query, int buffer) {
    bf16* tile = shared + buffer * Tiles::buffer;
    copy_tile<columns, depth>(tile, pass.qkv + head.query, head.qkv_row, query, positions);
    copy_tile<columns, depth>(tile + columns * stride, pass.dy + head.out, a.width(), query, positions);
    const int i = static_cast<int>(threadIdx.x), t = query + i % columns;
    copy_async_word(statistics + buffer * 2 * columns + i,
                    (i < columns ? pass.lse : delta) + head.statistics + t, t < positions);
  };
  fetch(first, 0);

  Sums16 d_key[depth / 16], d_value[depth / 16];
  for (int query = first, now = 0; query < positions; query += columns, now ^= 1) {
    const bf16 *queries = shared + now * Tiles::buffer, *gradients = queries + columns * stride;
    const float *lse = statistics + now * 2 * columns, *dy_y = lse + columns;
    copies_are_there();  // and nobody uses the others any more
    if (query + columns < positions) fetch(query + columns, now ^ 1);
#pragma unroll
    for (int j = 0; j < columns / 16; ++j) {
      const int queries_from = query + 16 * j;
      if (queries_from + 15 < mine) continue;  // they have not seen these keys
      Sums16 score, d_weight;
#pragma unroll
      for (int k = 0; k < depth / 16; ++k) {
        RightOperand of_queries, of_gradients;
        load(of_queries, queries + 16 * j * stride + 16 * k, stride);
        load(of_gradients, gradients + 16 * j * stride + 16 * k, stride);
        mma(score, key[0][k], of_queries);
        mma(d_weight, value[0][k], of_gradients);
      }
      const bool edge = queries_from < mine + 15;  // some scores are of the future
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int at = 16 * j + i / 2 * 8 + column;
        const float2 of_lse = *reinterpret_cast<const float2*>(lse + at);
        const float2 of_dy_y = *reinterpret_cast<const float2*>(dy_y + at);
#pragma unroll
        for (int e = 0; e < 2; ++e) {
          const int t = query + at + e, s = mine + row + i % 2 * 8;
          float &x = score.x[2 * i + e], &dx = d_weight.x[2 * i + e];
          const float offset = log2_of_e * (e == 0 ? of_lse.x : of_lse.y);
          const float p = edge && s > t ? 0.0f : exp2_fast(x * scale - offset);
          float m = 1.0f;
          if constexpr (dropping) m = attention_factor(pass.dropout, a, head, t, s);
          x = m * p;
          dx = p * (m * dx - (e == 0 ? of_dy_y.x : of_dy_y.y));
        }
      }
      const LeftOperand weight = left_of(score), d_score = left_of(d_weight);
#pragma unroll
      for (int i = 0; i < depth / 16; ++i) {
        RightOperand of_queries, of_gradients;
        load_across(of_gradients, gradients + 16 * j * stride + 16 * i, stride);
        load_across(of_queries, queries + 16 * j * stride + 16 * i, stride);
        mma(d_value[i], weight, of_gradients);
        mma(d_key[i], d_score, of_queries);
      }
    }
  }

  __syncthreads();  // the tiles are done with
  const float factor = rsqrtf(static_cast<float>(depth));
  bf16 *strip = shared + core_warp() * 16 * stride, *out = pass.d_qkv + head.gradient(a);
  store_rows<depth>(out + a.width(), head.qkv_row, mine, positions, strip, d_key, factor, factor);
  store_rows<depth>(out + 2 * a.width(), head.qkv_row, mine, positions, strip, d_value, 1.0f, 1.0f);
#endif
}
// [/cores_key_gradients]

template <int depth, bool dropping>
void launch_cores(const AttentionBackward<bf16>& pass, const float* delta, Stream stream) {
  using Queries = CoreTiles<depth, dropping>;
  using Keys = CoreTiles<depth>;
  static_assert(Keys::threads == 2 * Keys::columns);  // a thread copies one number of lse or of dy · y
  const AttentionShape& a = pass.shape;
  const int query_tiles = static_cast<int>(blocks_for(a.positions, Queries::rows));
  const int key_tiles = static_cast<int>(blocks_for(a.positions, 64));
  simt::launch<cores_query_kernel<depth, dropping>>(
      {static_cast<unsigned>(a.batch * a.heads * query_tiles), Queries::threads,
       2 * Queries::buffer * sizeof(bf16), native(stream)},
      pass, delta, query_tiles);
  simt::launch<cores_key_kernel<depth, dropping>>(
      {static_cast<unsigned>(a.batch * a.heads * key_tiles), Keys::threads,
       2 * Keys::buffer * sizeof(bf16) + 4 * Keys::columns * sizeof(float), native(stream)},
      pass, delta, key_tiles);
}

}  // namespace

void cores_backward(const AttentionBackward<bf16>& pass, float* delta, Stream stream) {
  launch_delta(pass, delta, stream);
  for_depth(pass, [&](auto depth, auto dropping) { launch_cores<depth, dropping>(pass, delta, stream); });
}

}  // namespace gpt::KERNEL_SPACE
