#pragma once
// What the tiled rungs of attention do with tiles in shared memory. A block of 128 threads is 8 × 16: thread
// (ty, tx) owns the rows ty + 8i and the columns tx + 16j. Only .cu files include it.

#include "07_cuda_kernels/attention_kernels.hpp"

namespace gpt::KERNEL_SPACE {

constexpr int tile_threads = 128;

// [tile_sizes]
/// The tiles for heads of up to `depth` numbers: 32, 64 or 128.
template <int depth>
struct AttentionTiles {
  /// Floats from one row of a tile to the next: 4 more than a multiple of 32, so that 8 lanes that read 16
  /// bytes each of 8 successive rows meet 32 different banks.
  static constexpr int stride = depth + 4;
  static constexpr int rows = depth == 128 ? 32 : 64;     ///< the tile that stays
  static constexpr int columns = depth == 128 ? 32 : 64;  ///< the tiles that come by
  static constexpr int backward_columns = columns / 2;
};
/// The same for a tile of weights with so many columns: 16 more than a multiple of 32, since a warp reads two
/// successive rows of it.
constexpr int weight_stride(int columns) {
  return columns % 32 == 0 ? columns + 16 : columns;
}
// [/tile_sizes]

__device__ inline int tile_row() {
  return static_cast<int>(threadIdx.x) / 16;
}
__device__ inline int tile_column() {
  return static_cast<int>(threadIdx.x) % 16;
}

// [load_tile]
/// tile[r][i] = factor · from[first + r][i], 0 beyond `limit` rows and `width` numbers. 4 numbers an access.
template <int rows, int depth, class T>
__device__ void load_tile(float* tile, const T* from, int64_t row_length, int64_t first, int64_t limit,
                          int64_t width, float factor = 1.0f) {
  for (int n = static_cast<int>(threadIdx.x); n < rows * depth / 4; n += tile_threads) {
    const int r = n / (depth / 4), i = n % (depth / 4) * 4;
    float x[4] = {0, 0, 0, 0};
    if (first + r < limit && i < width) load_pack(from + (first + r) * row_length + i, x);
    for (float& value : x) value *= factor;
    store_pack(tile + r * AttentionTiles<depth>::stride + i, x);
  }
}
// [/load_tile]

// [tile_products]
// [multiply_rows]
/// product[i][j] = a[ty + 8i] · b[tx + 16j].
template <int depth, int M, int N>
__device__ void multiply_rows(float (&product)[M][N], const float* a, const float* b) {
  constexpr int stride = AttentionTiles<depth>::stride;
  a += tile_row() * stride, b += tile_column() * stride;
#pragma unroll
  for (int i = 0; i < M; ++i)
#pragma unroll
    for (int j = 0; j < N; ++j) product[i][j] = 0;
  for (int k = 0; k < depth; k += 4) {
    float x[M][4], y[N][4];
#pragma unroll
    for (int i = 0; i < M; ++i) load_pack(a + 8 * i * stride + k, x[i]);  // the same for 16 lanes
#pragma unroll
    for (int j = 0; j < N; ++j) load_pack(b + 16 * j * stride + k, y[j]);
#pragma unroll
    for (int i = 0; i < M; ++i)
#pragma unroll
      for (int j = 0; j < N; ++j)
#pragma unroll
        for (int l = 0; l < 4; ++l) product[i][j] += x[i][l] * y[j][l];
  }
}

// [/multiply_rows]
/// sum[i][j] += Σ_s weights[ty + 8i][s] · values[s][tx + 16j].
template <int depth, int columns, int M>
__device__ void add_weighted(float (&sum)[M][depth / 16], const float* weights, const float* values) {
  weights += tile_row() * weight_stride(columns), values += tile_column();
  for (int s = 0; s < columns; s += 4) {
    float w[M][4];
#pragma unroll
    for (int i = 0; i < M; ++i) load_pack(weights + 8 * i * weight_stride(columns) + s, w[i]);
#pragma unroll
    for (int l = 0; l < 4; ++l)
#pragma unroll
      for (int j = 0; j < depth / 16; ++j) {
        const float v = values[(s + l) * AttentionTiles<depth>::stride + 16 * j];
#pragma unroll
        for (int i = 0; i < M; ++i) sum[i][j] += w[i][l] * v;
      }
  }
}
// [/tile_products]

/// Puts this thread's part of a tile of weights where others can read it.
template <int columns, int M>
__device__ void store_weights(float* tile, const float (&weights)[M][columns / 16]) {
#pragma unroll
  for (int i = 0; i < M; ++i)
#pragma unroll
    for (int j = 0; j < columns / 16; ++j)
      tile[(tile_row() + 8 * i) * weight_stride(columns) + tile_column() + 16 * j] = weights[i][j];
}

/// to[first + ty + 8i][tx + 16j] = factor[i] · sum[i][j], for rows below `limit`, columns below `width`.
template <class T, int M, int N>
__device__ void store_rows(T* to, int64_t row_length, int64_t first, int64_t limit, int64_t width,
                           const float (&sum)[M][N], const float (&factor)[M]) {
#pragma unroll
  for (int i = 0; i < M; ++i)
#pragma unroll
    for (int j = 0; j < N; ++j) {
      const int64_t row = first + tile_row() + 8 * i, column = tile_column() + 16 * j;
      if (row < limit && column < width) to[row * row_length + column] = from_float<T>(factor[i] * sum[i][j]);
    }
}

}  // namespace gpt::KERNEL_SPACE
