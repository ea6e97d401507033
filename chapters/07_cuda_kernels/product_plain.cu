// The first rungs of linear.hpp: where the threads stand, and what they share.

#include "07_cuda_kernels/product.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

// [naive]
/// A thread for each element of C. Neighbouring lanes take neighbouring rows.
template <class T, Layout layout>
__global__ void naive_kernel(Product<T, layout> p) {
  const int m = blockIdx.y * blockDim.x + threadIdx.x, n = blockIdx.x * blockDim.y + threadIdx.y;
  float sum = 0;
  for (int k = 0; k < p.depth; ++k) sum += p.a(m, k) * p.b(n, k);
  p.out.store(m, n, sum);
}
// [/naive]

// [coalesced]
/// Neighbouring lanes read neighbours in memory. Where B lies by rows, they take neighbouring columns of C …
template <class T, Layout layout>
__global__ void coalesced_kernel(Product<T, layout> p) {
  const int m = blockIdx.y * blockDim.y + threadIdx.y, n = blockIdx.x * blockDim.x + threadIdx.x;
  float sum = 0;
  for (int k = 0; k < p.depth; ++k) sum += p.a(m, k) * p.b(n, k);
  p.out.store(m, n, sum);
}

/// … and where both operands run along k, a warp has one element of C, and its lanes share out k.
template <class T>
__global__ void coalesced_dot_kernel(Product<T, Layout::forward> p) {
  const int m = blockIdx.x, n = blockIdx.y * blockDim.y + threadIdx.y, lane = threadIdx.x;
  float sum = 0;
  for (int k = lane; k < p.depth; k += 32) sum += p.a(m, k) * p.b(n, k);
  for (int distance = 16; distance > 0; distance /= 2) sum += __shfl_xor_sync(all_lanes, sum, distance);
  if (lane == 0) p.out.store(m, n, sum);
}
// [/coalesced]

// [shared]
/// A block of 32 × 32 threads computes a tile of 32 × 32: what one thread fetches, 32 use.
template <class T, Layout layout>
__global__ void __launch_bounds__(1024) shared_kernel(Product<T, layout> p) {
  __shared__ float a_tile[32][33], b_tile[32][33];  // (m, k) and (k, n); 33: a column lies in 32 banks
  const int x = threadIdx.x, y = threadIdx.y, m0 = blockIdx.y * 32, n0 = blockIdx.x * 32;
  float sum = 0;
  for (int k0 = 0; k0 < p.depth; k0 += 32) {
    // The lanes (x) fetch along the run of memory, whichever way it goes in the tile.
    if constexpr (p.a_along_k) {
      a_tile[y][x] = p.a(m0 + y, k0 + x);
    } else {
      a_tile[x][y] = p.a(m0 + x, k0 + y);
    }
    if constexpr (p.b_along_k) {
      b_tile[x][y] = p.b(n0 + y, k0 + x);
    } else {
      b_tile[y][x] = p.b(n0 + x, k0 + y);
    }
    __syncthreads();  // the tiles are full
    for (int k = 0; k < 32; ++k) sum += a_tile[y][k] * b_tile[k][x];
    __syncthreads();  // nobody needs them any more
  }
  p.out.store(m0 + y, n0 + x, sum);
}
// [/shared]

}  // namespace

template <class T, Layout layout>
void launch_plain(const Product<T, layout>& p, int rung, cudaStream_t stream) {
  using simt::launch;
  if (rung == 0)
    launch<naive_kernel<T, layout>>(
        {dim3(blocks_for(p.cols, 8), blocks_for(p.rows, 32)), dim3(32, 8), 0, stream}, p);
  if (rung == 2)
    launch<shared_kernel<T, layout>>(
        {dim3(blocks_for(p.cols, 32), blocks_for(p.rows, 32)), dim3(32, 32), 0, stream}, p);
  if (rung != 1) return;
  if constexpr (layout == Layout::forward) {
    launch<coalesced_dot_kernel<T>>(
        {dim3(static_cast<unsigned>(p.rows), blocks_for(p.cols, 8)), dim3(32, 8), 0, stream}, p);
  } else {
    launch<coalesced_kernel<T, layout>>(
        {dim3(blocks_for(p.cols, 32), blocks_for(p.rows, 8)), dim3(32, 8), 0, stream}, p);
  }
}

#define INSTANTIATE(T, layout) \
  template void launch_plain<T, layout>(const Product<T, layout>&, int, cudaStream_t);
GPT_FOR_EVERY_PRODUCT(INSTANTIATE)

}  // namespace gpt::KERNEL_SPACE
