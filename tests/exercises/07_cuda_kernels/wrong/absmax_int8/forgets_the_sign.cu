// Says: negative numbers included?
#include "exercises/07_cuda_kernels/absmax_int8.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

__global__ void absmax_int8_kernel(int8_t* packed, float* scales, const float* x, int64_t n) {
  __shared__ float of_warp[8];
  const int64_t i = int64_t{256} * blockIdx.x + threadIdx.x;
  const float value = i < n ? x[i] : 0.0f;
  float most = value;
  for (int distance = 16; distance > 0; distance /= 2)
    most = fmaxf(most, __shfl_xor_sync(0xffffffff, most, distance));
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = most;
  __syncthreads();
  for (int warp = 0; warp < 8; ++warp) most = fmaxf(most, of_warp[warp]);
  const float scale = most / 127.0f;
  if (threadIdx.x == 0) scales[blockIdx.x] = scale;
  if (i < n) packed[i] = static_cast<int8_t>(scale > 0.0f ? rintf(value / scale) : 0.0f);
}

}  // namespace

void absmax_int8(int8_t* packed, float* scales, const float* x, int64_t n) {
  const auto blocks = static_cast<unsigned>((n + 255) / 256);
  if (blocks > 0) simt::launch<absmax_int8_kernel>({blocks, 256}, packed, scales, x, n);
}

}  // namespace gpt::KERNEL_SPACE
