#include "07_cuda_kernels/sweep.hpp"

#include "07_cuda_kernels/device.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr int threads = 256, blocks = 1024;

// [sweep]
__global__ void sweep_kernel(float* never, const float* memory, int64_t packs) {
  float sum = 0;
  for (int64_t i = thread_index(); i < packs; i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    float x[4];
    load_pack(memory + 4 * i, x);
    for (const float value : x) sum += value;
  }
  if (sum == -1.0f) *never = sum;  // the compiler cannot know that it never is, and so must read
}
// [/sweep]

}  // namespace

void sweep(float* never, const float* memory, int64_t n, Stream stream) {
  if (n >= 4) simt::launch<sweep_kernel>({blocks, threads, 0, native(stream)}, never, memory, n / 4);
}

}  // namespace gpt::KERNEL_SPACE
