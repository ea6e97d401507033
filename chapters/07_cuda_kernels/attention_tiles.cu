// Attention, rung 1, forward: tiles of keys and values pass by a tile of queries, whose softmax is computed
// on the way.

#include "07_cuda_kernels/attention_tiles.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

// [tiles_forward]
/// One block a tile of queries of one head, the tiles with most keys first.
template <int depth, class T>
__global__ void __launch_bounds__(tile_threads) tiles_kernel(AttentionForward<T> pass, int query_tiles) {
  using Tiles = AttentionTiles<depth>;
  constexpr int M = Tiles::rows / 8, N = Tiles::columns / 16;
  const AttentionShape& a = pass.shape;
  const int heads = static_cast<int>(a.batch * a.heads), block = static_cast<int>(blockIdx.x);
  const HeadRows head(a, block % heads);
  const int64_t first = a.first_query + static_cast<int64_t>(query_tiles - 1 - block / heads) * Tiles::rows;

  SIMT_DYNAMIC_SHARED(float, queries);
  float* values = queries + Tiles::rows * Tiles::stride;
  float* keys = values + Tiles::columns * Tiles::stride;
  float* weights = keys;  // in turn

  load_tile<Tiles::rows, depth>(queries, pass.qkv + head.query, head.qkv_row, first, a.positions,
                                a.head_width, rsqrtf(static_cast<float>(a.head_width)));
  float sum[M][depth / 16] = {}, largest[M], denominator[M] = {};
  for (float& value : largest) value = -INFINITY;
  const int64_t seen = min(first + Tiles::rows, a.positions);  // keys from here on are future for all queries
  for (int64_t key = 0; key < seen; key += Tiles::columns) {
    load_tile<Tiles::columns, depth>(keys, pass.qkv + head.key, head.qkv_row, key, a.positions, a.head_width);
    load_tile<Tiles::columns, depth>(values, pass.qkv + head.value, head.qkv_row, key, a.positions,
                                     a.head_width);
    __syncthreads();
    float score[M][N];
    // [tiles_online]
    multiply_rows<depth>(score, queries, keys);
#pragma unroll
    for (int i = 0; i < M; ++i) {
      const int64_t t = first + tile_row() + 8 * i, s = key + tile_column();
      float tile_largest = largest[i];
#pragma unroll
      for (int j = 0; j < N; ++j) {
        if (s + 16 * j > t) score[i][j] = -INFINITY;
        tile_largest = fmaxf(tile_largest, score[i][j]);
      }
      for (int lanes = 8; lanes > 0; lanes /= 2)  // a row's 16 threads are half a warp
        tile_largest = fmaxf(tile_largest, __shfl_xor_sync(all_lanes, tile_largest, lanes));
      const float shrink = __expf(largest[i] - tile_largest);
      largest[i] = tile_largest;
      denominator[i] *= shrink;
#pragma unroll
      for (int j = 0; j < N; ++j) {
        const float p = __expf(score[i][j] - tile_largest);
        denominator[i] += p;
        score[i][j] = p > 0 ? p * attention_factor(pass.dropout, a, head, t, s + 16 * j) : 0.0f;
      }
#pragma unroll
      for (int j = 0; j < depth / 16; ++j) sum[i][j] *= shrink;
    }
    // [/tiles_online]
    __syncthreads();  // all have read the keys
    store_weights<Tiles::columns>(weights, score);
    __syncthreads();
    add_weighted<depth, Tiles::columns>(sum, weights, values);
    __syncthreads();  // before the next tiles
  }

#pragma unroll
  for (int i = 0; i < M; ++i) {
    for (int lanes = 8; lanes > 0; lanes /= 2)
      denominator[i] += __shfl_xor_sync(all_lanes, denominator[i], lanes);
    const int64_t query = first - a.first_query + tile_row() + 8 * i;
    if (tile_column() == 0 && query < a.queries())
      pass.lse[head.statistics + query] = largest[i] + logf(denominator[i]);
    denominator[i] = 1.0f / denominator[i];
  }
  store_rows(pass.y + head.out, a.width(), first - a.first_query, a.queries(), a.head_width, sum,
             denominator);
}
// [/tiles_forward]

template <int depth, class T>
void launch_tiles(const AttentionForward<T>& pass, Stream stream) {
  using Tiles = AttentionTiles<depth>;
  const AttentionShape& a = pass.shape;
  const int tiles = static_cast<int>(blocks_for(a.queries(), Tiles::rows));
  const int keys = Tiles::columns * Tiles::stride, weights = Tiles::rows * weight_stride(Tiles::columns);
  const int floats = (Tiles::rows + Tiles::columns) * Tiles::stride + (keys > weights ? keys : weights);
  const unsigned blocks = static_cast<unsigned>(a.batch * a.heads * tiles);
  simt::launch<tiles_kernel<depth, T>>(
      {blocks, tile_threads, static_cast<size_t>(floats) * sizeof(float), native(stream)}, pass, tiles);
}

}  // namespace

template <class T>
void tiles_forward(const AttentionForward<T>& pass, Stream stream) {
  const int64_t width = pass.shape.head_width;
  if (width <= 32) {
    launch_tiles<32>(pass, stream);
  } else if (width <= 64) {
    launch_tiles<64>(pass, stream);
  } else {
    launch_tiles<128>(pass, stream);
  }
}

template void tiles_forward(const AttentionForward<float>&, Stream);
template void tiles_forward(const AttentionForward<simt::bf16>&, Stream);

}  // namespace gpt::KERNEL_SPACE
