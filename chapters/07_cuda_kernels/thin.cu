// Products of a large matrix with a thin one. There is as little arithmetic as in a sum: 2r operations for
// each number of M. So M should cross the bus once, and nothing else should be in its way.

#include "07_cuda_kernels/thin.hpp"

#include <algorithm>

#include "07_cuda_kernels/reduce.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr int threads = 128;
constexpr int group = 4;             // rows of p and q for which M is read once
constexpr int rows_of_thread = 8;    // of M, in the update
constexpr int64_t most_chunks = 64;  // of rows of M, whose sums are added up afterwards

// [thin_product]
/// A warp has four rows of M and four of q: eight loads for sixteen products.
__global__ void __launch_bounds__(threads)
    thin_product_kernel(float* p, const float* matrix, const float* q, int64_t n, int64_t m, int64_t r) {
  const int lane = threadIdx.x % 32;
  const int64_t row = thread_index() / 32 * group, first = static_cast<int64_t>(blockIdx.y) * group;
  if (row >= n) return;  // the whole warp
  float sum[group][group] = {};
  for (int64_t j = lane; j < m; j += 32) {
    float a[group], b[group];
#pragma unroll
    for (int i = 0; i < group; ++i) {  // past the last row the last one again
      a[i] = matrix[(row + i < n ? row + i : n - 1) * m + j];
      b[i] = q[(first + i < r ? first + i : r - 1) * m + j];
    }
#pragma unroll
    for (int i = 0; i < group; ++i)
#pragma unroll
      for (int k = 0; k < group; ++k) sum[i][k] += a[i] * b[k];
  }
#pragma unroll
  for (int i = 0; i < group; ++i)
#pragma unroll
    for (int k = 0; k < group; ++k) {
      const float total = warp_sum(sum[i][k]);
      if (lane == group * i + k && row + i < n && first + k < r) p[(first + k) * n + row + i] = total;
    }
}
// [/thin_product]

// [thin_across]
/// A thread has a column of M, and a chunk of its rows; partial: (chunks, r, m).
__global__ void __launch_bounds__(threads)
    thin_across_kernel(float* partial, const float* matrix, const float* p, int64_t n, int64_t m, int64_t r,
                       int64_t rows_of_chunk) {
  const int64_t j = thread_index(), first = static_cast<int64_t>(blockIdx.z) * group;
  if (j >= m) return;
  const int64_t begin = static_cast<int64_t>(blockIdx.y) * rows_of_chunk;
  const int64_t end = begin + rows_of_chunk < n ? begin + rows_of_chunk : n;
  float sum[group] = {};
  for (int64_t i = begin; i < end; ++i) {
    const float x = matrix[i * m + j];
#pragma unroll
    for (int k = 0; k < group; ++k) sum[k] += p[(first + k < r ? first + k : r - 1) * n + i] * x;
  }
#pragma unroll
  for (int k = 0; k < group; ++k)
    if (first + k < r) partial[(blockIdx.y * r + first + k) * m + j] = sum[k];
}

__global__ void add_thin_chunks_kernel(float* q, const float* partial, int64_t chunks, int64_t size) {
  const int64_t i = thread_index();
  if (i >= size) return;
  float sum = 0;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) sum += partial[chunk * size + i];
  q[i] = sum;
}
// [/thin_across]

// [thin_update]
/// A thread has a column of M and eight rows: a number of q serves all of them.
__global__ void __launch_bounds__(threads)
    add_thin_product_kernel(float* matrix, float factor, const float* p, const float* q, int64_t n, int64_t m,
                            int64_t r) {
  const int64_t j = thread_index(), row = static_cast<int64_t>(blockIdx.y) * rows_of_thread;
  if (j >= m) return;
  float sum[rows_of_thread] = {};
  for (int64_t k = 0; k < r; ++k) {
    const float x = q[k * m + j];
#pragma unroll
    for (int i = 0; i < rows_of_thread; ++i) sum[i] += p[k * n + (row + i < n ? row + i : n - 1)] * x;
  }
  for (int i = 0; i < rows_of_thread; ++i)
    if (row + i < n) matrix[(row + i) * m + j] += factor * sum[i];
}
// [/thin_update]

int64_t rows_of_chunk(int64_t n) {
  return std::max<int64_t>(64, (n + most_chunks - 1) / most_chunks);
}

}  // namespace

void thin_product(float* p, const float* matrix, const float* q, int64_t n, int64_t m, int64_t r,
                  Stream stream) {
  const dim3 blocks(blocks_for(n, threads / 32 * group), blocks_for(r, group));
  if (n > 0 && r > 0)
    simt::launch<thin_product_kernel>({blocks, threads, 0, native(stream)}, p, matrix, q, n, m, r);
}

void thin_product_across(float* q, const float* matrix, const float* p, int64_t n, int64_t m, int64_t r,
                         void* scratch, Stream stream) {
  if (m == 0 || r == 0) return;
  auto* partial = static_cast<float*>(scratch);
  const unsigned chunks = blocks_for(n, rows_of_chunk(n));
  if (chunks > 0)
    simt::launch<thin_across_kernel>(
        {dim3(blocks_for(m, threads), chunks, blocks_for(r, group)), threads, 0, native(stream)}, partial,
        matrix, p, n, m, r, rows_of_chunk(n));
  simt::launch<add_thin_chunks_kernel>({blocks_for(r * m, threads), threads, 0, native(stream)}, q,
                                       static_cast<const float*>(partial), static_cast<int64_t>(chunks),
                                       r * m);
}

size_t thin_scratch_bytes(int64_t n, int64_t m, int64_t r) {
  return sizeof(float) * static_cast<size_t>(blocks_for(n, rows_of_chunk(n)) * r * m);
}

void add_thin_product(float* matrix, float factor, const float* p, const float* q, int64_t n, int64_t m,
                      int64_t r, Stream stream) {
  const dim3 blocks(blocks_for(m, threads), blocks_for(n, rows_of_thread));
  if (n > 0 && m > 0)
    simt::launch<add_thin_product_kernel>({blocks, threads, 0, native(stream)}, matrix, factor, p, q, n, m,
                                          r);
}

}  // namespace gpt::KERNEL_SPACE
