#include "07_cuda_kernels/layernorm.hpp"

#include "07_cuda_kernels/reduce.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr int threads = 128;  // four warps: four rows
constexpr float epsilon = 1e-5f;
constexpr int rows_of_chunk = 64;
constexpr int quad = 4;

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

__device__ inline void scale_four(float* x, const float* weight, const float* bias, float average,
                                  float factor) {
  float w[4], b[4];
  load_pack(weight, w);
  load_pack(bias, b);
  for (int i = 0; i < 4; ++i) x[i] = (x[i] - average) * factor * w[i] + b[i];
}

// [registers]
/// Each lane keeps up to `most` packs of its row: x is read once. With `most` = 0 it is read three times, in
/// packs all the same. A pack is 4 elements for bf16 too: with 8, the f32 weights beside them would be loaded
/// in two halves of every sector. The width must be a multiple of 4.
template <int most, class T>
__global__ void forward_packs_kernel(T* y, float* mean, float* rstd, const T* x, const float* weight,
                                     const float* bias, int64_t rows, int64_t width) {
  const int lane = threadIdx.x % 32;
  const int64_t r = thread_index() / 32;
  if (r >= rows) return;
  const T* in = x + r * width;
  const int packs = static_cast<int>(width / quad);
  float kept[most > 0 ? most : 1][quad];
  const int rounds = most > 0 ? most : (packs + 31) / 32;
  float sum = 0, squares = 0;
#pragma unroll
  for (int k = 0; k < rounds; ++k) {
    if (lane + 32 * k >= packs) continue;
    float(&v)[quad] = kept[most > 0 ? k : 0];
    load_pack(in + (lane + 32 * k) * quad, v);
    for (const float value : v) sum += value;
  }
  const float average = warp_sum(sum) / static_cast<float>(width);
#pragma unroll
  for (int k = 0; k < rounds; ++k) {
    if (lane + 32 * k >= packs) continue;
    float(&v)[quad] = kept[most > 0 ? k : 0];
    if (most == 0) load_pack(in + (lane + 32 * k) * quad, v);
    for (const float value : v) squares += (value - average) * (value - average);
  }
  const float factor = rsqrtf(warp_sum(squares) / static_cast<float>(width) + epsilon);
#pragma unroll
  for (int k = 0; k < rounds; ++k) {
    if (lane + 32 * k >= packs) continue;
    float(&v)[quad] = kept[most > 0 ? k : 0];
    const int first = (lane + 32 * k) * quad;
    if (most == 0) load_pack(in + first, v);

    scale_four(v, weight + first, bias + first, average, factor);
    store_pack(y + r * width + first, v);
  }
  if (lane == 0) mean[r] = average, rstd[r] = factor;
}
// [/registers]

// [backward_thread]
template <class T>
__global__ void backward_thread_kernel(T* dx, bool add, float* d_weight, float* d_bias, const T* dy,
                                       const T* x, const float* weight, const float* mean, const float* rstd,
                                       int64_t rows, int64_t width) {
  const int64_t r = thread_index();
  if (r >= rows) return;
  float sum = 0, product = 0;
  for (int64_t c = 0; c < width; ++c) {
    const float dy_c = to_float(dy[r * width + c]);
    const float normal = (to_float(x[r * width + c]) - mean[r]) * rstd[r];
    sum += dy_c * weight[c];
    product += dy_c * weight[c] * normal;
    atomicAdd(d_weight + c, dy_c * normal);
    atomicAdd(d_bias + c, dy_c);
  }
  sum /= static_cast<float>(width), product /= static_cast<float>(width);
  for (int64_t c = 0; c < width; ++c) {
    const int64_t i = r * width + c;
    const float normal = (to_float(x[i]) - mean[r]) * rstd[r];
    const float value = rstd[r] * (to_float(dy[i]) * weight[c] - sum - normal * product);
    dx[i] = from_float<T>(add ? to_float(dx[i]) + value : value);
  }
}
// [/backward_thread]

// [backward_rows]
/// dx, a warp a row.
template <class T>
__global__ void backward_rows_kernel(T* dx, bool add, const T* dy, const T* x, const float* weight,
                                     const float* mean, const float* rstd, int64_t rows, int64_t width) {
  const int lane = threadIdx.x % 32;
  const int64_t r = thread_index() / 32;
  if (r >= rows) return;
  const float average = mean[r], factor = rstd[r];
  float sum = 0, product = 0;
  for (int64_t c = lane; c < width; c += 32) {
    const float gradient = to_float(dy[r * width + c]) * weight[c];
    sum += gradient;
    product += gradient * (to_float(x[r * width + c]) - average) * factor;
  }
  sum = warp_sum(sum) / static_cast<float>(width);
  product = warp_sum(product) / static_cast<float>(width);
  for (int64_t c = lane; c < width; c += 32) {
    const int64_t i = r * width + c;
    const float normal = (to_float(x[i]) - average) * factor;
    const float value = factor * (to_float(dy[i]) * weight[c] - sum - normal * product);
    dx[i] = from_float<T>(add ? to_float(dx[i]) + value : value);
  }
}
// [/backward_rows]

// [backward_columns]
/// Block (32, 8), as in reductions.cu; partial: (chunks, 2, width), the sums for d_weight and d_bias.
template <class T>
__global__ void backward_columns_kernel(float* partial, const T* dy, const T* x, const float* mean,
                                        const float* rstd, int64_t rows, int64_t width) {
  __shared__ float products[8][32], sums[8][32];
  const int64_t c = static_cast<int64_t>(blockIdx.x) * 32 + threadIdx.x;
  const int64_t begin = static_cast<int64_t>(blockIdx.y) * rows_of_chunk;
  const int64_t end = begin + rows_of_chunk < rows ? begin + rows_of_chunk : rows;
  float product = 0, sum = 0;
  if (c < width)
    for (int64_t r = begin + threadIdx.y; r < end; r += 8) {
      const float dy_c = to_float(dy[r * width + c]);
      sum += dy_c;
      product += dy_c * (to_float(x[r * width + c]) - mean[r]) * rstd[r];
    }
  products[threadIdx.y][threadIdx.x] = product;
  sums[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y > 0 || c >= width) return;
  for (int row = 1; row < 8; ++row) product += products[row][threadIdx.x], sum += sums[row][threadIdx.x];
  partial[blockIdx.y * 2 * width + c] = product;
  partial[(blockIdx.y * 2 + 1) * width + c] = sum;
}

__global__ void backward_finish_kernel(float* d_weight, float* d_bias, const float* partial, int64_t chunks,
                                       int64_t width) {
  const int64_t c = thread_index();
  if (c >= width) return;
  float product = 0, sum = 0;
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    product += partial[chunk * 2 * width + c];
    sum += partial[(chunk * 2 + 1) * width + c];
  }
  d_weight[c] += product;
  d_bias[c] += sum;
}
// [/backward_columns]

}  // namespace

void layernorm_forward(DType type, void* y, float* mean, float* rstd, const void* x, const float* weight,
                       const float* bias, int64_t rows, int64_t width, int rung, Stream stream) {
  if (rows == 0) return;
  for_type(type, [&](auto zero) {
    using T = decltype(zero);
    T* out = static_cast<T*>(y);
    const T* in = static_cast<const T*>(x);
    const simt::LaunchConfig config{blocks_for(rung == 0 ? rows : rows * 32, threads), threads, 0,
                                    native(stream)};
    const auto go = [&](auto kernel) { kernel(config, out, mean, rstd, in, weight, bias, rows, width); };
    const bool packs = rung >= 2 && width % quad == 0 && aligned(y, x, weight, bias);
    const int64_t needed = packs && rung >= 3 ? (width / quad + 31) / 32 : 0;  // packs of a lane
    if (rung == 0) return go([](auto... a) { simt::launch<forward_thread_kernel<T>>(a...); });
    if (!packs) return go([](auto... a) { simt::launch<forward_warp_kernel<T>>(a...); });
    if (needed == 0 || needed > 16)
      return go([](auto... a) { simt::launch<forward_packs_kernel<0, T>>(a...); });
    if (needed == 1) return go([](auto... a) { simt::launch<forward_packs_kernel<1, T>>(a...); });
    if (needed == 2) return go([](auto... a) { simt::launch<forward_packs_kernel<2, T>>(a...); });
    if (needed <= 4) return go([](auto... a) { simt::launch<forward_packs_kernel<4, T>>(a...); });
    if (needed <= 8) return go([](auto... a) { simt::launch<forward_packs_kernel<8, T>>(a...); });
    go([](auto... a) { simt::launch<forward_packs_kernel<16, T>>(a...); });
  });
}

void layernorm_backward(DType type, void* dx, bool add, float* d_weight, float* d_bias, const void* dy,
                        const void* x, const float* weight, const float* mean, const float* rstd,
                        int64_t rows, int64_t width, void* scratch, int rung, Stream stream) {
  if (rows == 0) return;
  float* partial = static_cast<float*>(scratch);
  const unsigned chunks = blocks_for(rows, rows_of_chunk);
  for_type(type, [&](auto zero) {
    using T = decltype(zero);
    T* out = static_cast<T*>(dx);
    const T *gradient = static_cast<const T*>(dy), *in = static_cast<const T*>(x);
    if (rung == 0) {
      simt::launch<backward_thread_kernel<T>>({blocks_for(rows, threads), threads, 0, native(stream)}, out,
                                              add, d_weight, d_bias, gradient, in, weight, mean, rstd, rows,
                                              width);
      return;
    }
    simt::launch<backward_columns_kernel<T>>(
        {dim3(blocks_for(width, 32), chunks), dim3(32, 8), 0, native(stream)}, partial, gradient, in, mean,
        rstd, rows, width);
    simt::launch<backward_finish_kernel>({blocks_for(width, threads), threads, 0, native(stream)}, d_weight,
                                         d_bias, static_cast<const float*>(partial),
                                         static_cast<int64_t>(chunks), width);
    simt::launch<backward_rows_kernel<T>>({blocks_for(rows * 32, threads), threads, 0, native(stream)}, out,
                                          add, gradient, in, weight, mean, rstd, rows, width);
  });
}

size_t layernorm_backward_scratch_bytes(int64_t rows, int64_t width) {
  return 2 * sizeof(float) * static_cast<size_t>(blocks_for(rows, rows_of_chunk)) *
         static_cast<size_t>(width);
}

}  // namespace gpt::KERNEL_SPACE
