#include "07_cuda_kernels/measure.hpp"

#include <algorithm>

#include "06_simt/device_array.hpp"

namespace gpt::KERNEL_SPACE {

int device_count() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

double milliseconds(const std::function<void()>& run) {
  constexpr int rounds = 15;
  cudaEvent_t begin{}, end{};
  simt::check(cudaEventCreate(&begin), "cudaEventCreate");
  simt::check(cudaEventCreate(&end), "cudaEventCreate");
  std::vector<float> times(rounds);
  for (int i = 0; i < 3; ++i) run();
  for (float& time : times) {
    simt::check(cudaEventRecord(begin), "cudaEventRecord");
    run();
    simt::check(cudaEventRecord(end), "cudaEventRecord");
    simt::check(cudaEventSynchronize(end), "cudaEventSynchronize");
    simt::check(cudaEventElapsedTime(&time, begin, end), "cudaEventElapsedTime");
  }
  cudaEventDestroy(begin);
  cudaEventDestroy(end);
  std::nth_element(times.begin(), times.begin() + rounds / 2, times.end());
  return times[rounds / 2];
}

double copy_bandwidth() {
  const size_t bytes = size_t{1} << 29;
  const simt::DeviceArray<char> from(bytes), to(bytes);
  const double time = milliseconds([&] {
    simt::check(cudaMemcpyAsync(to.data(), from.data(), bytes, cudaMemcpyDeviceToDevice), "cudaMemcpyAsync");
  });
  return 2e3 * static_cast<double>(bytes) / time;
}

}  // namespace gpt::KERNEL_SPACE
