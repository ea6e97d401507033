#include "07_cuda_kernels/measure.hpp"

#include <algorithm>

#include "06_simt/device_array.hpp"
#include "07_cuda_kernels/sweep.hpp"
#include "common/check.hpp"
#include "common/timing.hpp"

namespace gpt::KERNEL_SPACE {

using simt::check;

int device_count() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

DeviceFacts device_facts() {
#ifdef SIMT_USE_CUDA
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, 0), "cudaGetDeviceProperties");
  int driver = 0, runtime = 0;
  cudaDriverGetVersion(&driver);
  cudaRuntimeGetVersion(&runtime);
  const auto text = [](int version) { return fmt::format("{}.{}", version / 1000, version % 1000 / 10); };
  return {.name = properties.name,
          .versions = fmt::format("CUDA {}, driver up to {}", text(runtime), text(driver)),
          .l2_bytes = properties.l2CacheSize};
#else
  return {.name = "the SIMT machine", .versions = ""};
#endif
}

namespace {

/// A pair of marks in the device's list of orders.
class Timer {
 public:
  Timer() {
    for (cudaEvent_t* event : {&begin_, &end_}) check(cudaEventCreate(event), "cudaEventCreate");
  }
  ~Timer() {
    for (const cudaEvent_t event : {begin_, end_}) cudaEventDestroy(event);
  }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  float milliseconds(const std::function<void()>& run) const {
    float time = 0;
    check(cudaEventRecord(begin_), "cudaEventRecord");
    run();
    check(cudaEventRecord(end_), "cudaEventRecord");
    check(cudaEventSynchronize(end_), "cudaEventSynchronize");
    check(cudaEventElapsedTime(&time, begin_, end_), "cudaEventElapsedTime");
    return time;
  }

 private:
  cudaEvent_t begin_{}, end_{};
};

}  // namespace

// [measure]
double milliseconds(const std::function<void()>& run) {
  const int64_t others = device_facts().l2_bytes;  // floats: four times the cache in bytes
  const simt::DeviceArray<float> memory(others + 4);
  check(cudaMemset(memory.data(), 0, memory.size() * sizeof(float)), "cudaMemset");
  const Timer timer;
  // The first runs load the kernels, and an idle GPU takes its time to raise its clock.
  float longest = 0;
  const Stopwatch watch;
  for (int i = 0; i < 3 || (i < 100 && watch.seconds() < 0.02); ++i)
    longest = std::max(longest, timer.milliseconds(run));
  std::vector<float> times(longest < 10 ? 21 : 5);
  for (float& time : times) {
    sweep(memory.data() + others, memory.data(), others);
    time = timer.milliseconds(run);
  }
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}
// [/measure]

double copy_bandwidth() {
  const size_t bytes = size_t{1} << 29;
  const simt::DeviceArray<char> from(bytes), to(bytes);
  const double time = milliseconds([&] {
    check(cudaMemcpyAsync(to.data(), from.data(), bytes, cudaMemcpyDeviceToDevice), "cudaMemcpyAsync");
  });
  return 2e3 * static_cast<double>(bytes) / time;
}

}  // namespace gpt::KERNEL_SPACE
