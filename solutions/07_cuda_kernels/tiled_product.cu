#include "exercises/07_cuda_kernels/tiled_product.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr int side = 16;

__global__ void tiled_product_kernel(float* c, const float* a, const float* b, int m, int n, int k) {
  __shared__ float a_tile[side][side], b_tile[side][side];
  const int x = threadIdx.x, y = threadIdx.y;
  const int row = side * blockIdx.y + y, column = side * blockIdx.x + x;
  float sum = 0.0f;
  for (int k0 = 0; k0 < k; k0 += side) {
    // What lies outside counts as 0. No thread leaves before the barriers.
    a_tile[y][x] = row < m && k0 + x < k ? a[row * k + k0 + x] : 0.0f;
    b_tile[y][x] = k0 + y < k && column < n ? b[(k0 + y) * n + column] : 0.0f;
    __syncthreads();  // the tiles are there
    for (int i = 0; i < side; ++i) sum += a_tile[y][i] * b_tile[i][x];
    __syncthreads();  // all have read them: they may be overwritten
  }
  if (row < m && column < n) c[row * n + column] = sum;
}

}  // namespace

void tiled_product(float* c, const float* a, const float* b, int m, int n, int k) {
  const auto tiles = [](int size) { return static_cast<unsigned>((size + side - 1) / side); };
  if (m > 0 && n > 0)
    simt::launch<tiled_product_kernel>({{tiles(n), tiles(m)}, {side, side}}, c, a, b, m, n, k);
}

}  // namespace gpt::KERNEL_SPACE
