// Thin matrices made orthonormal. Each row waits for those before it, so there is no more to do at a time
// than one block can: it goes over a row again and again, each thread over its own numbers.

#include "07_cuda_kernels/reduce.hpp"
#include "07_cuda_kernels/thin.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr int threads = 512;

// [dot]
/// Σ a[i]·b[i] in f64, for all threads of the block, in a fixed order.
__device__ double block_dot(const float* a, const float* b, int64_t n) {
  __shared__ double of_warp[threads / 32];
  double sum = 0;
  for (int64_t i = threadIdx.x; i < n; i += threads) sum += static_cast<double>(a[i]) * b[i];
  for (int distance = 16; distance > 0; distance /= 2) sum += __shfl_xor_sync(all_lanes, sum, distance);
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = sum;
  __syncthreads();
  double total = 0;
  for (int warp = 0; warp < threads / 32; ++warp) total += of_warp[warp];
  __syncthreads();  // the next call writes of_warp again
  return total;
}
// [/dot]

// [orthonormalise]
/// A thread reads and writes every 512th number of all rows, so only the dot products need barriers.
__global__ void __launch_bounds__(threads) orthonormalise_kernel(float* p, int64_t n, int64_t r) {
  for (int64_t k = 0; k < r; ++k) {
    float* row = p + k * n;
    const double before = sqrt(block_dot(row, row, n));
    for (int pass = 0; pass < 2; ++pass)
      for (const float* other = p; other < row; other += n) {
        const auto factor = static_cast<float>(-block_dot(row, other, n));
        for (int64_t i = threadIdx.x; i < n; i += threads) row[i] += factor * other[i];
      }
    const double length = sqrt(block_dot(row, row, n));
    const bool independent = !(length <= 1e-5 * before);  // what is less is rounding; a NaN goes on
    const float factor = independent ? static_cast<float>(1 / length) : 0.0f;
    for (int64_t i = threadIdx.x; i < n; i += threads) row[i] = independent ? row[i] * factor : 0.0f;
  }
}
// [/orthonormalise]

/// A block a row.
__global__ void __launch_bounds__(threads) copy_rows_kernel(float* q, const float* from, int64_t m) {
  q += blockIdx.x * m, from += blockIdx.x * m;
  if (!(block_dot(from, from, m) > 0)) return;
  for (int64_t i = threadIdx.x; i < m; i += threads) q[i] = from[i];
}

}  // namespace

void orthonormalise_rows(float* p, int64_t n, int64_t r, Stream stream) {
  if (n > 0 && r > 0) simt::launch<orthonormalise_kernel>({1, threads, 0, native(stream)}, p, n, r);
}

void copy_rows_unless_zero(float* q, const float* from, int64_t m, int64_t r, Stream stream) {
  if (m > 0 && r > 0)
    simt::launch<copy_rows_kernel>({static_cast<unsigned>(r), threads, 0, native(stream)}, q, from, m);
}

}  // namespace gpt::KERNEL_SPACE
