#pragma once
// Sums and maxima over a warp and over a block. Only .cu files include it.

#include "07_cuda_kernels/device.hpp"

namespace gpt::KERNEL_SPACE {

// [warp]
/// Every lane gets the sum over the warp; the order of the additions is fixed.
__device__ inline float warp_sum(float x) {
  for (int distance = 16; distance > 0; distance /= 2) x += __shfl_xor_sync(all_lanes, x, distance);
  return x;
}
__device__ inline float warp_max(float x) {
  for (int distance = 16; distance > 0; distance /= 2) x = fmaxf(x, __shfl_xor_sync(all_lanes, x, distance));
  return x;
}
// [/warp]

// [block]
/// Every thread gets the sum over a block of `threads`, a multiple of 32.
template <int threads>
__device__ float block_sum(float x) {
  __shared__ float of_warp[threads / 32];
  x = warp_sum(x);
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = x;
  __syncthreads();
  float total = 0;
  for (int warp = 0; warp < threads / 32; ++warp) total += of_warp[warp];
  __syncthreads();  // the next call writes of_warp again
  return total;
}
// [/block]
template <int threads>
__device__ float block_max(float x) {
  __shared__ float of_warp[threads / 32];
  x = warp_max(x);
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = x;
  __syncthreads();
  for (int warp = 0; warp < threads / 32; ++warp) x = fmaxf(x, of_warp[warp]);
  __syncthreads();
  return x;
}

// [chunks]
/// The sum of column c of partial: (chunks, columns), in a fixed order, for the threads with y = 0 of a block
/// (32, 32) whose threads with the same x have the same column.
__device__ inline float chunk_sum(const float* partial, int64_t chunks, int64_t columns, int64_t c) {
  __shared__ float sums[32][32];
  float sum = 0;
  if (c < columns)
    for (int64_t chunk = threadIdx.y; chunk < chunks; chunk += 32) sum += partial[chunk * columns + c];
  sums[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y > 0) return 0;
  for (int row = 1; row < 32; ++row) sum += sums[row][threadIdx.x];
  return sum;
}
// [/chunks]

// [row]
/// Calls f(pack, first index) for packs of `width` neighbours and g(i) for the elements before and after
/// them: the row of a matrix may begin anywhere. Packs begin at a multiple of 16 elements, where a sector
/// does too. `thread` of `threads` do it together.
template <int width, class T, class F, class G>
__device__ void for_row(const T* row, int64_t n, int thread, int threads, F f, G g) {
  const int64_t missing = -static_cast<int64_t>(reinterpret_cast<uintptr_t>(row) / sizeof(T)) & 15;
  const int64_t head = missing < n ? missing : n;
  const int64_t packs = (n - head) / width;
  for (int64_t i = thread; i < head; i += threads) g(i);
  for (int64_t p = thread; p < packs; p += threads) {
    float x[width];
    load_pack(row + head + p * width, x);
    f(x, head + p * width);
  }
  for (int64_t i = head + packs * width + thread; i < n; i += threads) g(i);
}
// [/row]

}  // namespace gpt::KERNEL_SPACE
