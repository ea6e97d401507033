#include "07_cuda_kernels/layernorm_row.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr int threads = 128;       // four warps: four rows
constexpr int many_threads = 256;  // of the last rung, and the rows that each of its warps takes
constexpr int rows_of_warp = 4;
constexpr float epsilon = 1e-5f;

// [thread_a_row]
template <class T>
__global__ void forward_thread_kernel(T* y, float* mean, float* rstd, const T* x, const float* weight,
                                      const float* bias, int64_t rows, int64_t width) {
  const int64_t r = thread_index();
  if (r >= rows) return;
  const T* in = x + r * width;
  float sum = 0, squares = 0;
  for (int64_t c = 0; c < width; ++c) sum += to_float(in[c]);
  const float average = sum / static_cast<float>(width);
  for (int64_t c = 0; c < width; ++c) squares += (to_float(in[c]) - average) * (to_float(in[c]) - average);
  const float factor = rsqrtf(squares / static_cast<float>(width) + epsilon);
  for (int64_t c = 0; c < width; ++c)
    y[r * width + c] = from_float<T>((to_float(in[c]) - average) * factor * weight[c] + bias[c]);
  mean[r] = average;
  rstd[r] = factor;
}
// [/thread_a_row]

// [warp_a_row]
template <class T>
__global__ void forward_warp_kernel(T* y, float* mean, float* rstd, const T* x, const float* weight,
                                    const float* bias, int64_t rows, int64_t width) {
  const int lane = threadIdx.x % 32;
  const int64_t r = thread_index() / 32;
  if (r >= rows) return;  // the whole warp
  const T* in = x + r * width;
  float sum = 0, squares = 0;
  for (int64_t c = lane; c < width; c += 32) sum += to_float(in[c]);
  const float average = warp_sum(sum) / static_cast<float>(width);
  for (int64_t c = lane; c < width; c += 32)
    squares += (to_float(in[c]) - average) * (to_float(in[c]) - average);
  const float factor = rsqrtf(warp_sum(squares) / static_cast<float>(width) + epsilon);
  for (int64_t c = lane; c < width; c += 32)
    y[r * width + c] = from_float<T>((to_float(in[c]) - average) * factor * weight[c] + bias[c]);
  if (lane == 0) mean[r] = average, rstd[r] = factor;
}
// [/warp_a_row]

// [registers]
template <int most, class T>
__global__ void forward_registers_kernel(T* y, float* mean, float* rstd, const T* x, const float* weight,
                                         const float* bias, int64_t rows, int width) {
  const int64_t r = thread_index() / 32;
  if (r >= rows) return;
  RowOfWarp<most> row;
  float average, factor;
  row.load(x + r * width, width);
  row.normalise(width, average, factor);
  row.store(y + r * width, weight, bias, width);
  if (threadIdx.x % 32 == 0) mean[r] = average, rstd[r] = factor;
}
// [/registers]

// [many_rows]
/// A block takes 32 rows, four a warp, with weight and bias in shared memory. Shared memory: 2 · width
/// floats.
template <int most, class T>
__global__ void forward_many_kernel(T* y, float* mean, float* rstd, const T* x, const float* weight,
                                    const float* bias, int64_t rows, int width) {
  SIMT_DYNAMIC_SHARED(float4, kept);
  float *w = reinterpret_cast<float*>(kept), *b = w + width;
  for (int first = 4 * static_cast<int>(threadIdx.x); first < width; first += 4 * many_threads) {
    *reinterpret_cast<float4*>(w + first) = *reinterpret_cast<const float4*>(weight + first);
    *reinterpret_cast<float4*>(b + first) = *reinterpret_cast<const float4*>(bias + first);
  }
  __syncthreads();
  const int lane = threadIdx.x % 32;
  const int64_t begin = (static_cast<int64_t>(blockIdx.x) * many_threads + threadIdx.x) / 32 * rows_of_warp;
  const int count = static_cast<int>(rows - begin < rows_of_warp ? rows - begin : rows_of_warp);
  float average, factor, my_average = 0, my_factor = 0;
  for (int i = 0; i < count; ++i) {
    RowOfWarp<most> row;
    row.load(x + (begin + i) * width, width);
    row.normalise(width, average, factor);
    row.store(y + (begin + i) * width, w, b, width);
    if (lane == i) my_average = average, my_factor = factor;
  }
  if (lane < count) mean[begin + lane] = my_average, rstd[begin + lane] = my_factor;  // one sector each
}
// [/many_rows]

}  // namespace

void layernorm_forward(DType type, void* y, float* mean, float* rstd, const void* x, const float* weight,
                       const float* bias, int64_t rows, int64_t width, int rung, Stream stream) {
  if (rows == 0) return;
  const cudaStream_t on = native(stream);
  for_type(type, [&](auto zero) {
    using T = decltype(zero);
    T* out = static_cast<T*>(y);
    const T* in = static_cast<const T*>(x);
    const auto with_registers = [&](auto most) {
      const int columns = static_cast<int>(width);
      if (rung == 2) {
        simt::launch<forward_registers_kernel<most, T>>({blocks_for(rows * 32, threads), threads, 0, on}, out,
                                                        mean, rstd, in, weight, bias, rows, columns);
      } else {
        const size_t shared = 2 * sizeof(float) * static_cast<size_t>(width);
        simt::launch<forward_many_kernel<most, T>>(
            {blocks_for(rows, many_threads / 32 * rows_of_warp), many_threads, shared, on}, out, mean, rstd,
            in, weight, bias, rows, columns);
      }
    };
    if (rung == 0) {
      simt::launch<forward_thread_kernel<T>>({blocks_for(rows, threads), threads, 0, on}, out, mean, rstd, in,
                                             weight, bias, rows, width);
    } else if (rung == 1 || !with_packs(width, with_registers, y, x, weight, bias)) {
      simt::launch<forward_warp_kernel<T>>({blocks_for(rows * 32, threads), threads, 0, on}, out, mean, rstd,
                                           in, weight, bias, rows, width);
    }
  });
}

}  // namespace gpt::KERNEL_SPACE
