#include "07_cuda_kernels/reductions.hpp"

#include <algorithm>

#include "07_cuda_kernels/reduce.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr int threads = 256;
constexpr int64_t most_blocks = 1024;  // of the last rung: enough to fill a GPU
constexpr int rows_of_chunk = 64;      // of a column sum

template <bool square>
__device__ float term(float x) {
  return square ? x * x : x;
}

// [atomics]
template <bool square, class T>
__global__ void sum_atomics_kernel(float* total, const T* x, int64_t n) {
  const int64_t i = thread_index();
  if (i < n) atomicAdd(total, term<square>(to_float(x[i])));
}
// [/atomics]

// [tree]
template <bool square, class T>
__global__ void sum_tree_kernel(float* of_block, const T* x, int64_t n) {
  __shared__ float sums[threads];
  const int t = threadIdx.x;
  const int64_t i = thread_index();
  sums[t] = i < n ? term<square>(to_float(x[i])) : 0.0f;
  __syncthreads();
  for (int half = threads / 2; half > 0; half /= 2) {
    if (t < half) sums[t] += sums[t + half];
    __syncthreads();
  }
  if (t == 0) of_block[blockIdx.x] = sums[0];
}
// [/tree]

// [shuffles]
template <bool square, class T>
__global__ void sum_shuffles_kernel(float* of_block, const T* x, int64_t n) {
  const int64_t i = thread_index();
  const float total = block_sum<threads>(i < n ? term<square>(to_float(x[i])) : 0.0f);
  if (threadIdx.x == 0) of_block[blockIdx.x] = total;
}
// [/shuffles]

// [packs]
template <bool square, class T>
__global__ void sum_packs_kernel(float* of_block, const T* x, int64_t n) {
  float sum = 0;
  for_row<pack<T>>(
      x, n, static_cast<int>(thread_index()), static_cast<int>(gridDim.x * blockDim.x),
      [&](const float(&v)[pack<T>], int64_t) {
        for (const float value : v) sum += term<square>(value);
      },
      [&](int64_t i) { sum += term<square>(to_float(x[i])); });
  sum = block_sum<threads>(sum);
  if (threadIdx.x == 0) of_block[blockIdx.x] = sum;
}
// [/packs]

// [finish]
/// One block adds up what the blocks before it found, in f64.
template <class Result>
__global__ void finish_kernel(Result* result, double factor, const float* of_block, int64_t blocks) {
  __shared__ double sums[threads];
  const int t = threadIdx.x;
  double sum = 0;
  for (int64_t i = t; i < blocks; i += threads) sum += of_block[i];
  sums[t] = sum;
  __syncthreads();
  for (int half = threads / 2; half > 0; half /= 2) {
    if (t < half) sums[t] += sums[t + half];
    __syncthreads();
  }
  if (t == 0) *result = static_cast<Result>(factor * sums[0]);
}
// [/finish]

template <bool square, class Result>
void launch_sum(Result* result, double factor, DType type, const void* values, int64_t n, void* scratch,
                int rung, Stream stream) {
  float* of_block = static_cast<float*>(scratch);
  const cudaStream_t on = native(stream);
  int64_t blocks = n == 0 ? 0 : blocks_for(n, threads);
  for_type(type, [&](auto zero) {
    using T = decltype(zero);
    const T* x = static_cast<const T*>(values);
    if (rung >= 3) blocks = std::min<int64_t>(most_blocks, blocks_for(n, threads * pack<T>));
    const simt::LaunchConfig config{static_cast<unsigned>(blocks), threads, 0, on};
    if (rung == 0) simt::check(cudaMemsetAsync(of_block, 0, sizeof(float), on), "cudaMemsetAsync");
    if (blocks == 0) return;
    if (rung == 0) simt::launch<sum_atomics_kernel<square, T>>(config, of_block, x, n);
    if (rung == 1) simt::launch<sum_tree_kernel<square, T>>(config, of_block, x, n);
    if (rung == 2) simt::launch<sum_shuffles_kernel<square, T>>(config, of_block, x, n);
    if (rung >= 3) simt::launch<sum_packs_kernel<square, T>>(config, of_block, x, n);
  });
  simt::launch<finish_kernel<Result>>({1, threads, 0, on}, result, factor,
                                      static_cast<const float*>(of_block), rung == 0 ? int64_t{1} : blocks);
}

// [columns]
/// Block (32, 8): lane c has a column, and 8 rows are read at a time; partial: (chunks, columns).
template <class T>
__global__ void column_chunks_kernel(float* partial, const T* x, int64_t rows, int64_t columns) {
  __shared__ float sums[8][32];
  const int64_t c = static_cast<int64_t>(blockIdx.x) * 32 + threadIdx.x;
  const int64_t begin = static_cast<int64_t>(blockIdx.y) * rows_of_chunk;
  const int64_t end = begin + rows_of_chunk < rows ? begin + rows_of_chunk : rows;
  float sum = 0;
  if (c < columns)
    for (int64_t r = begin + threadIdx.y; r < end; r += 8) sum += to_float(x[r * columns + c]);
  sums[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y > 0 || c >= columns) return;
  for (int row = 1; row < 8; ++row) sum += sums[row][threadIdx.x];
  partial[blockIdx.y * columns + c] = sum;
}

/// Block (32, 32).
__global__ void add_chunks_kernel(float* sums, const float* partial, int64_t chunks, int64_t columns) {
  const int64_t c = static_cast<int64_t>(blockIdx.x) * 32 + threadIdx.x;
  const float sum = chunk_sum(partial, chunks, columns, c);
  if (threadIdx.y == 0 && c < columns) sums[c] += sum;
}
// [/columns]

}  // namespace

void sum(double* result, DType type, const void* x, int64_t n, void* scratch, int rung, Stream stream) {
  launch_sum<false>(result, 1.0, type, x, n, scratch, rung, stream);
}

void sum_of_squares(double* result, DType type, const void* x, int64_t n, void* scratch, int rung,
                    Stream stream) {
  launch_sum<true>(result, 1.0, type, x, n, scratch, rung, stream);
}

void scaled_sum(float* result, double factor, DType type, const void* x, int64_t n, void* scratch,
                Stream stream) {
  launch_sum<false>(result, factor, type, x, n, scratch, sum_rungs - 1, stream);
}

size_t sum_scratch_bytes(int64_t n) {
  return sizeof(float) * (static_cast<size_t>(blocks_for(n, threads)) + 1);
}

void add_column_sums(float* sums, DType type, const void* x, int64_t rows, int64_t columns, void* scratch,
                     Stream stream) {
  if (rows == 0 || columns == 0) return;
  float* partial = static_cast<float*>(scratch);
  const unsigned chunks = blocks_for(rows, rows_of_chunk);
  for_type(type, [&](auto zero) {
    using T = decltype(zero);
    simt::launch<column_chunks_kernel<T>>(
        {dim3(blocks_for(columns, 32), chunks), dim3(32, 8), 0, native(stream)}, partial,
        static_cast<const T*>(x), rows, columns);
  });
  simt::launch<add_chunks_kernel>({blocks_for(columns, 32), dim3(32, 32), 0, native(stream)}, sums,
                                  static_cast<const float*>(partial), static_cast<int64_t>(chunks), columns);
}

size_t column_sums_scratch_bytes(int64_t rows, int64_t columns) {
  return sizeof(float) * static_cast<size_t>(blocks_for(rows, rows_of_chunk)) * static_cast<size_t>(columns);
}

}  // namespace gpt::KERNEL_SPACE
