// The fourth rung of linear.hpp: more than one element of C in a thread's registers.

#include "07_cuda_kernels/product.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr int side = 64, depth = 16, threads = 256;

// [registers]
/// Tiles of side × depth; each of 256 threads has 4 × 4 elements of C, every 16th row and column. Eight loads
/// from shared memory feed 16 multiplications; on the rung before two fed one.
template <class T, Layout layout>
__global__ void __launch_bounds__(threads, 4) registers_kernel(Product<T, layout> p) {
  // Rows of 66: lanes that fill a tile two by sixteen find 32 banks.
  __shared__ float a_tile[depth][side + 2], b_tile[depth][side + 2];
  const int t = threadIdx.x, x = t % 16, y = t / 16, m0 = blockIdx.y * side, n0 = blockIdx.x * side;
  float sum[4][4] = {};
  for (int k0 = 0; k0 < p.depth; k0 += depth) {
    for (int i = t; i < side * depth; i += threads) {
      const int a_k = p.a_along_k ? i % depth : i / side, a_m = p.a_along_k ? i / depth : i % side;
      const int b_k = p.b_along_k ? i % depth : i / side, b_n = p.b_along_k ? i / depth : i % side;
      a_tile[a_k][a_m] = p.a(m0 + a_m, k0 + a_k);
      b_tile[b_k][b_n] = p.b(n0 + b_n, k0 + b_k);
    }
    __syncthreads();
    // [inner]
    for (int k = 0; k < depth; ++k) {
      float a[4], b[4];
#pragma unroll
      for (int i = 0; i < 4; ++i) a[i] = a_tile[k][y + 16 * i], b[i] = b_tile[k][x + 16 * i];
#pragma unroll
      for (int i = 0; i < 4; ++i)
#pragma unroll
        for (int j = 0; j < 4; ++j) sum[i][j] += a[i] * b[j];
    }
    // [/inner]
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < 4; ++i)
#pragma unroll
    for (int j = 0; j < 4; ++j) p.out.store(m0 + y + 16 * i, n0 + x + 16 * j, sum[i][j]);
}
// [/registers]

}  // namespace

template <class T, Layout layout>
void launch_registers(const Product<T, layout>& p, cudaStream_t stream) {
  simt::launch<registers_kernel<T, layout>>(
      {dim3(blocks_for(p.cols, side), blocks_for(p.rows, side)), threads, 0, stream}, p);
}

#define INSTANTIATE(T, layout) \
  template void launch_registers<T, layout>(const Product<T, layout>&, cudaStream_t);
GPT_FOR_EVERY_PRODUCT(INSTANTIATE)

}  // namespace gpt::KERNEL_SPACE
