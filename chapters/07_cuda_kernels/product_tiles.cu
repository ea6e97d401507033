// Rungs 4 and 5 of linear.hpp: four neighbours by one load, and tiles that are fetched ahead.

#include "07_cuda_kernels/product.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

// A block of 256 threads has 128 × 128 elements of C, a thread 8 × 8 of them. Tiles are 16 deep.
constexpr int side = 128, depth = 16, threads = 256;
using Tile = float[depth][side];

// [swizzle]
/// Where line `line` lies in row k of a tile. Rows that are filled at the same time, k = 0, 4, 8 and 12, are
/// shifted against each other by 8 banks, and four neighbours stay neighbours.
__device__ int place(int k, int line) {
  return line ^ k / 4 * 8;
}
// [/swizzle]

// [fetch]
/// A thread's part of a tile, on its way through registers: two times four neighbours, as they came.
template <class T>
using Four = std::conditional_t<sizeof(T) == 2, uint2, float4>;
template <class T>
struct Packs {
  Four<T> x[2];
};

/// Of pack i: the line and k of its first element. Lanes follow the run of memory.
template <bool along_k>
__device__ void position(int i, int& line, int& k) {
  const int t = threadIdx.x;
  line = along_k ? t / 4 + 64 * i : t % 32 * 4;
  k = along_k ? t % 4 * 4 : t / 32 + 8 * i;
}

template <class T, bool along_k>
__device__ void fetch(const Operand<T, along_k>& from, int line0, int k0, Packs<T>& packs) {
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    int line, k;
    position<along_k>(i, line, k);
    line += line0, k += k0;
    packs.x[i] = {};
    if (line < from.lines && k < from.depth) packs.x[i] = *reinterpret_cast<const Four<T>*>(from.at(line, k));
  }
}

template <class T, bool along_k>
__device__ void put(Tile& tile, const Packs<T>& packs) {
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    int line, k;
    float x[4];
    position<along_k>(i, line, k);
    load_pack(reinterpret_cast<const T*>(&packs.x[i]), x);
    if constexpr (along_k) {
#pragma unroll
      for (int j = 0; j < 4; ++j) tile[k + j][place(k, line)] = x[j];
    } else {
      store_pack(&tile[k][place(k, line)], x);
    }
  }
}
// [/fetch]

// [multiply]
/// This thread's corner of the block's part of C. A warp has 4 × 8 threads, so it reads 16 rows and 32
/// columns at a time; the other half of each thread's rows and columns lies 64 further. Lanes 2i and 2i + 1
/// have the same columns, and lanes i and i + 2 the same rows: CUTLASS deals them out like this too, since
/// GPUs seem to serve such pairs at once. No document says so, and the checker does not count on it.
__device__ int corner_row() {
  return (threadIdx.x / 64 * 4 + threadIdx.x % 32 / 16 * 2 + threadIdx.x % 2) * 4;
}
__device__ int corner_col() {
  return (threadIdx.x / 32 % 2 * 8 + threadIdx.x / 2 % 8) * 4;
}

__device__ void multiply(const Tile& a_tile, const Tile& b_tile, float (&sum)[8][8]) {
  const int row = corner_row(), col = corner_col();
#pragma unroll
  for (int k = 0; k < depth; ++k) {
    float a[2][4], b[2][4];
    load_pack(&a_tile[k][place(k, row)], a[0]);
    load_pack(&a_tile[k][place(k, row + 64)], a[1]);
    load_pack(&b_tile[k][place(k, col)], b[0]);
    load_pack(&b_tile[k][place(k, col + 64)], b[1]);
#pragma unroll
    for (int i = 0; i < 8; ++i)
#pragma unroll
      for (int j = 0; j < 8; ++j) sum[i][j] += a[i / 4][i % 4] * b[j / 4][j % 4];
  }
}
// [/multiply]

template <class T>
__device__ void store(const Output<T>& out, float (&sum)[8][8]) {
  const int row = blockIdx.y * side + corner_row(), col = blockIdx.x * side + corner_col();
#pragma unroll
  for (int i = 0; i < 8; ++i)
#pragma unroll
    for (int j = 0; j < 8; j += 4) {
      float four[4] = {sum[i][j], sum[i][j + 1], sum[i][j + 2], sum[i][j + 3]};
      out.store_four(row + i / 4 * 64 + i % 4, col + j / 4 * 64, four);
    }
}

// [vectorised]
template <class T, Layout layout>
__global__ void __launch_bounds__(threads) vectorised_kernel(Product<T, layout> p) {
  using P = Product<T, layout>;
  __shared__ __align__(16) Tile a_tile, b_tile;
  const int m0 = blockIdx.y * side, n0 = blockIdx.x * side;
  float sum[8][8] = {};
  Packs<T> a, b;
  for (int k0 = 0; k0 < p.depth; k0 += depth) {
    fetch(p.a, m0, k0, a), fetch(p.b, n0, k0, b);
    put<T, P::a_along_k>(a_tile, a), put<T, P::b_along_k>(b_tile, b);
    __syncthreads();
    multiply(a_tile, b_tile, sum);
    __syncthreads();
  }
  store(p.out, sum);
}
// [/vectorised]

// [double_buffered]
/// While a tile is multiplied, the next one is on its way to registers; it goes to the other buffer, which
/// nobody reads. So one barrier a tile is enough.
template <class T, Layout layout>
__global__ void __launch_bounds__(threads, 2) double_buffered_kernel(Product<T, layout> p) {
  using P = Product<T, layout>;
  __shared__ __align__(16) Tile a_tiles[2], b_tiles[2];
  const int m0 = blockIdx.y * side, n0 = blockIdx.x * side;
  float sum[8][8] = {};
  Packs<T> a, b;
  fetch(p.a, m0, 0, a), fetch(p.b, n0, 0, b);
  put<T, P::a_along_k>(a_tiles[0], a), put<T, P::b_along_k>(b_tiles[0], b);
  __syncthreads();
  for (int k0 = 0, now = 0; k0 < p.depth; k0 += depth, now ^= 1) {
    const bool more = k0 + depth < p.depth;
    if (more) fetch(p.a, m0, k0 + depth, a), fetch(p.b, n0, k0 + depth, b);
    multiply(a_tiles[now], b_tiles[now], sum);
    if (more) put<T, P::a_along_k>(a_tiles[now ^ 1], a), put<T, P::b_along_k>(b_tiles[now ^ 1], b);
    __syncthreads();
  }
  store(p.out, sum);
}
// [/double_buffered]

}  // namespace

template <class T, Layout layout>
void launch_tiles(const Product<T, layout>& p, bool double_buffered, cudaStream_t stream) {
  const simt::LaunchConfig config{dim3(blocks_for(p.cols, side), blocks_for(p.rows, side)), threads, 0,
                                  stream};
  if (double_buffered) {
    simt::launch<double_buffered_kernel<T, layout>>(config, p);
  } else {
    simt::launch<vectorised_kernel<T, layout>>(config, p);
  }
}

#define INSTANTIATE(T, layout) \
  template void launch_tiles<T, layout>(const Product<T, layout>&, bool, cudaStream_t);
GPT_FOR_EVERY_PRODUCT(INSTANTIATE)

}  // namespace gpt::KERNEL_SPACE
