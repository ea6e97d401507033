// A few numbers, drawn, taken out of a row, and added to another. One thread each: an access to a number
// alone costs its sector of 32 bytes, whatever the kernel does.

#include "07_cuda_kernels/sparse.hpp"

#include "07_cuda_kernels/device.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

__global__ void draw_kernel(int32_t* positions, int64_t n, int64_t k, int32_t first, RoundingKey key) {
  const int64_t i = thread_index();
  if (i < k)
    positions[i] = first + static_cast<int32_t>(drawn_index(key, static_cast<uint64_t>(first), n, k, i));
}

// [take]
__global__ void take_kernel(float* values, float* x, const int32_t* positions, int64_t k) {
  const int64_t i = thread_index();
  if (i >= k) return;
  const int32_t at = positions[i];
  values[i] = x[at];
  x[at] = 0;
}

__global__ void add_at_kernel(float* sums, const int32_t* positions, const float* values, int64_t k) {
  const int64_t i = thread_index();
  if (i < k) sums[positions[i]] += values[i];
}
// [/take]

constexpr int threads = 256;

}  // namespace

void draw_positions(int32_t* positions, int64_t n, int64_t k, int32_t first, const RoundingKey& key,
                    Stream stream) {
  if (k > 0)
    simt::launch<draw_kernel>({blocks_for(k, threads), threads, 0, native(stream)}, positions, n, k, first,
                              key);
}
void take_at(float* values, float* x, const int32_t* positions, int64_t k, Stream stream) {
  if (k > 0)
    simt::launch<take_kernel>({blocks_for(k, threads), threads, 0, native(stream)}, values, x, positions, k);
}
void add_at(float* sums, const int32_t* positions, const float* values, int64_t k, Stream stream) {
  if (k > 0)
    simt::launch<add_at_kernel>({blocks_for(k, threads), threads, 0, native(stream)}, sums, positions, values,
                                k);
}

}  // namespace gpt::KERNEL_SPACE
