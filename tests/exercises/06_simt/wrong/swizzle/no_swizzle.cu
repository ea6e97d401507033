// Says: in which bank lies the number below?
#include "exercises/06_simt/swizzle.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

// 32 threads by 8, four rows of the tile each.
__global__ void swizzled_transpose_kernel(float* y, const float* x, int n) {
  __shared__ float tile[32][32];  // element (row, column) lies in [row][column ^ row]
  const int lane = threadIdx.x, x0 = 32 * blockIdx.x, y0 = 32 * blockIdx.y;
  for (int row = threadIdx.y; row < 32; row += 8) tile[row][lane] = x[(y0 + row) * n + x0 + lane];
  __syncthreads();
  // A warp reads a column: rows 0 … 31, in banks column ^ 0 … column ^ 31, all different.
  for (int column = threadIdx.y; column < 32; column += 8)
    y[(x0 + column) * n + y0 + lane] = tile[lane][column];
}

}  // namespace

void swizzled_transpose(float* y, const float* x, int n) {
  const auto tiles = static_cast<unsigned>(n / 32);
  if (tiles > 0) simt::launch<swizzled_transpose_kernel>({{tiles, tiles}, {32, 8}}, y, x, n);
}

}  // namespace gpt::KERNEL_SPACE
