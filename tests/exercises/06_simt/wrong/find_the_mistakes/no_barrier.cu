// Says: race
#include "exercises/06_simt/find_the_mistakes.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

__global__ void reversed_kernel(float* y, const float* x) {
  __shared__ float tile[256];
  tile[threadIdx.x] = x[threadIdx.x];
  y[threadIdx.x] = tile[255 - threadIdx.x];
}

__global__ void neighbour_sums_kernel(float* y, const float* x) {
  __shared__ float tile[256];
  tile[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = tile[threadIdx.x] + (threadIdx.x < 255 ? tile[threadIdx.x + 1] : tile[0]);
}

__global__ void warp_maxima_kernel(float* y, const float* x) {
  float most = x[threadIdx.x];
  // xor: all lanes get it. With down, lane 0 alone has seen all others.
  for (int distance = 16; distance > 0; distance /= 2)
    most = fmaxf(most, __shfl_xor_sync(0xffffffff, most, distance));
  y[threadIdx.x] = most;
}

}  // namespace

void reversed(float* y, const float* x) {
  simt::launch<reversed_kernel>({1, 256}, y, x);
}
void neighbour_sums(float* y, const float* x) {
  simt::launch<neighbour_sums_kernel>({1, 256}, y, x);
}
void warp_maxima(float* y, const float* x) {
  simt::launch<warp_maxima_kernel>({1, 256}, y, x);
}

}  // namespace gpt::KERNEL_SPACE
