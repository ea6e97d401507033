// Attention, rung 1, backward. The weights are computed again, from lse: once by the kernel that adds up the
// gradients of queries, once by that for keys and values. So no two blocks add to one number.

#include "07_cuda_kernels/attention_tiles.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

// [delta]
/// delta[b,h,t] = dy_t · y_t, one warp each.
template <class T>
__global__ void delta_kernel(float* delta, AttentionBackward<T> pass) {
  const AttentionShape& a = pass.shape;
  const int64_t row = thread_index() / 32, lane = threadIdx.x % 32;
  if (row >= a.batch * a.heads * a.positions) return;
  const HeadRows head(a, row / a.positions);
  const int64_t at = head.out + row % a.positions * a.width();
  float sum = 0;
  for (int64_t i = lane; i < a.head_width; i += 32)
    sum += to_float(pass.dy[at + i]) * to_float(pass.y[at + i]);
  for (int lanes = 16; lanes > 0; lanes /= 2) sum += __shfl_xor_sync(all_lanes, sum, lanes);
  if (lane == 0) delta[row] = sum;
}
// [/delta]

// [query_gradients]
/// dq of a tile of queries: tiles of keys and values pass by.
template <int depth, class T>
__global__ void __launch_bounds__(tile_threads)
    tiles_query_kernel(AttentionBackward<T> pass, const float* delta, int query_tiles) {
  using Tiles = AttentionTiles<depth>;
  constexpr int M = Tiles::rows / 8, columns = Tiles::backward_columns, N = columns / 16;
  const AttentionShape& a = pass.shape;
  const int heads = static_cast<int>(a.batch * a.heads), block = static_cast<int>(blockIdx.x);
  const HeadRows head(a, block % heads);
  const int64_t first = static_cast<int64_t>(query_tiles - 1 - block / heads) * Tiles::rows;
  const float scale = rsqrtf(static_cast<float>(a.head_width));

  SIMT_DYNAMIC_SHARED(float, queries);
  float* gradients = queries + Tiles::rows * Tiles::stride;
  float* keys = gradients + Tiles::rows * Tiles::stride;
  float* values = keys + columns * Tiles::stride;
  float* weights = values + columns * Tiles::stride;

  load_tile<Tiles::rows, depth>(queries, pass.qkv + head.query, head.qkv_row, first, a.positions,
                                a.head_width, scale);
  load_tile<Tiles::rows, depth>(gradients, pass.dy + head.out, a.width(), first, a.positions, a.head_width);
  float lse[M], dy_y[M], factor[M], sum[M][depth / 16] = {};
#pragma unroll
  for (int i = 0; i < M; ++i) {
    const int64_t t = first + tile_row() + 8 * i;
    lse[i] = t < a.positions ? pass.lse[head.statistics + t] : 0;
    dy_y[i] = t < a.positions ? delta[head.statistics + t] : 0;
    factor[i] = scale;
  }
  const int64_t seen = min(first + Tiles::rows, a.positions);
  for (int64_t key = 0; key < seen; key += columns) {
    load_tile<columns, depth>(keys, pass.qkv + head.key, head.qkv_row, key, a.positions, a.head_width);
    load_tile<columns, depth>(values, pass.qkv + head.value, head.qkv_row, key, a.positions, a.head_width);
    __syncthreads();
    float score[M][N], d_weight[M][N];
    multiply_rows<depth>(score, queries, keys);
    multiply_rows<depth>(d_weight, gradients, values);
#pragma unroll
    for (int i = 0; i < M; ++i)
#pragma unroll
      for (int j = 0; j < N; ++j) {
        const int64_t t = first + tile_row() + 8 * i, s = key + tile_column() + 16 * j;
        score[i][j] = s > t ? 0.0f
                            : __expf(score[i][j] - lse[i]) *
                                  (attention_factor(pass.dropout, a, head, t, s) * d_weight[i][j] - dy_y[i]);
      }
    store_weights<columns>(weights, score);
    __syncthreads();
    add_weighted<depth, columns>(sum, weights, keys);
    __syncthreads();  // before the next tiles
  }
  store_rows(pass.d_qkv + head.gradient(a), head.qkv_row, first, a.positions, a.head_width, sum, factor);
}
// [/query_gradients]

// [key_gradients]
/// dk and dv of a tile of keys: tiles of queries and of dy pass by, those that have seen a key of the tile.
template <int depth, class T>
__global__ void __launch_bounds__(tile_threads)
    tiles_key_kernel(AttentionBackward<T> pass, const float* delta) {
  using Tiles = AttentionTiles<depth>;
  constexpr int M = Tiles::rows / 8, columns = Tiles::backward_columns, N = columns / 16;
  const AttentionShape& a = pass.shape;
  const int heads = static_cast<int>(a.batch * a.heads), block = static_cast<int>(blockIdx.x);
  const HeadRows head(a, block % heads);
  const int64_t first = static_cast<int64_t>(block / heads) * Tiles::rows;
  const float scale = rsqrtf(static_cast<float>(a.head_width));

  SIMT_DYNAMIC_SHARED(float, keys);
  float* values = keys + Tiles::rows * Tiles::stride;
  float* queries = values + Tiles::rows * Tiles::stride;
  float* gradients = queries + columns * Tiles::stride;
  float* weights = gradients + columns * Tiles::stride;

  load_tile<Tiles::rows, depth>(keys, pass.qkv + head.key, head.qkv_row, first, a.positions, a.head_width);
  load_tile<Tiles::rows, depth>(values, pass.qkv + head.value, head.qkv_row, first, a.positions,
                                a.head_width);
  float d_key[M][depth / 16] = {}, d_value[M][depth / 16] = {}, one[M];
  for (float& factor : one) factor = 1;
  for (int64_t query = first; query < a.positions; query += columns) {
    load_tile<columns, depth>(queries, pass.qkv + head.query, head.qkv_row, query, a.positions, a.head_width,
                              scale);
    load_tile<columns, depth>(gradients, pass.dy + head.out, a.width(), query, a.positions, a.head_width);
    __syncthreads();
    float score[M][N], d_weight[M][N];
    multiply_rows<depth>(score, keys, queries);
    multiply_rows<depth>(d_weight, values, gradients);
#pragma unroll
    for (int j = 0; j < N; ++j) {
      const int64_t t = query + tile_column() + 16 * j;
      const bool exists = t < a.positions;
      const float lse = exists ? pass.lse[head.statistics + t] : 0;
      const float dy_y = exists ? delta[head.statistics + t] : 0;
#pragma unroll
      for (int i = 0; i < M; ++i) {
        const int64_t s = first + tile_row() + 8 * i;
        const float p = s > t || !exists ? 0.0f : __expf(score[i][j] - lse);
        const float m = p > 0 ? attention_factor(pass.dropout, a, head, t, s) : 0.0f;
        d_weight[i][j] = p * (m * d_weight[i][j] - dy_y);
        score[i][j] = m * p;
      }
    }
    store_weights<columns>(weights, score);
    __syncthreads();
    add_weighted<depth, columns>(d_value, weights, gradients);
    __syncthreads();  // all have read the weights
    store_weights<columns>(weights, d_weight);
    __syncthreads();
    add_weighted<depth, columns>(d_key, weights, queries);  // which are scaled already
    __syncthreads();                                        // before the next tiles
  }
  T* out = pass.d_qkv + head.gradient(a);
  store_rows(out + a.width(), head.qkv_row, first, a.positions, a.head_width, d_key, one);
  store_rows(out + 2 * a.width(), head.qkv_row, first, a.positions, a.head_width, d_value, one);
}
// [/key_gradients]

template <int depth, class T>
void launch_tiles(const AttentionBackward<T>& pass, float* delta, Stream stream) {
  using Tiles = AttentionTiles<depth>;
  const AttentionShape& a = pass.shape;
  const int tiles = static_cast<int>(blocks_for(a.positions, Tiles::rows));
  const int floats = 2 * (Tiles::rows + Tiles::backward_columns) * Tiles::stride +
                     Tiles::rows * weight_stride(Tiles::backward_columns);
  const simt::LaunchConfig config{static_cast<unsigned>(a.batch * a.heads * tiles), tile_threads,
                                  static_cast<size_t>(floats) * sizeof(float), native(stream)};
  launch_delta(pass, delta, stream);
  simt::launch<tiles_query_kernel<depth, T>>(config, pass, delta, tiles);
  simt::launch<tiles_key_kernel<depth, T>>(config, pass, delta);
}

}  // namespace

template <class T>
void launch_delta(const AttentionBackward<T>& pass, float* delta, Stream stream) {
  const AttentionShape& a = pass.shape;
  simt::launch<delta_kernel<T>>(
      {blocks_for(a.batch * a.heads * a.positions * 32, 256), 256, 0, native(stream)}, delta, pass);
}

template <class T>
void tiles_backward(const AttentionBackward<T>& pass, float* delta, Stream stream) {
  const int64_t width = pass.shape.head_width;
  if (width <= 32) {
    launch_tiles<32>(pass, delta, stream);
  } else if (width <= 64) {
    launch_tiles<64>(pass, delta, stream);
  } else {
    launch_tiles<128>(pass, delta, stream);
  }
}

template void launch_delta(const AttentionBackward<float>&, float*, Stream);
template void launch_delta(const AttentionBackward<simt::bf16>&, float*, Stream);
template void tiles_backward(const AttentionBackward<float>&, float*, Stream);
template void tiles_backward(const AttentionBackward<simt::bf16>&, float*, Stream);

}  // namespace gpt::KERNEL_SPACE
