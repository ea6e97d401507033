#include "one_program.hpp"

#include "06_simt/device_array.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

__global__ void saxpy_kernel(int n, float a, const float* x, float* y) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] += a * x[i];
}

}  // namespace

int devices() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

void saxpy(int n, float a, const float* x, float* y) {
  const simt::DeviceArray<float> dx(std::vector<float>(x, x + n)), dy(std::vector<float>(y, y + n));
  simt::launch<saxpy_kernel>({(n + 255) / 256, 256}, n, a, dx.data(), dy.data());
  const std::vector<float> result = dy.host();
  std::copy(result.begin(), result.end(), y);
}

}  // namespace gpt::KERNEL_SPACE
