#include "07_cuda_kernels/layernorm_row.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr int threads = 128;        // four warps: four rows
constexpr int fused_threads = 256;  // of the last rung
constexpr int rows_of_chunk = 64;   // of the sums over columns

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
// [/backward_columns]

/// Everything from one look at dy and x: a block takes a chunk of rows, each warp every eighth of them. A
/// lane has the same columns in all its rows, so it adds up d_weight and d_bias of them in registers. The
/// warps then add theirs one after the other. Shared memory: 3 · width floats; partial: (chunks, 2, width).
template <int most, class T>
__global__ void backward_fused_kernel(T* dx, bool add, float* partial, const T* dy, const T* x,
                                      const float* weight, const float* mean, const float* rstd, int64_t rows,
                                      int width) {
  using Row = RowOfWarp<most>;
  SIMT_DYNAMIC_SHARED(float4, shared);
  float *w = reinterpret_cast<float*>(shared), *d_weight = w + width, *d_bias = d_weight + width;
  for (int first = 4 * static_cast<int>(threadIdx.x); first < width; first += 4 * fused_threads)
    *reinterpret_cast<float4*>(w + first) = *reinterpret_cast<const float4*>(weight + first);
  __syncthreads();
  const int warp = threadIdx.x / 32;
  const int64_t begin = static_cast<int64_t>(blockIdx.x) * rows_of_chunk;
  const int64_t end = begin + rows_of_chunk < rows ? begin + rows_of_chunk : rows;
  // [fused]
  Row products{}, sums{};
  for (int64_t r = begin + warp; r < end; r += fused_threads / 32) {
    Row normal, gradient;
    normal.load(x + r * width, width);
    gradient.load(dy + r * width, width);
    const float average = mean[r], factor = rstd[r];
    float sum = 0, product = 0;
    Row::each(width, [&](int k, int first) {
      float of_weight[4];
      load_pack(w + first, of_weight);
      for (int i = 0; i < 4; ++i) {
        float &n = normal.x[k][i], &g = gradient.x[k][i];
        n = (n - average) * factor;
        products.x[k][i] += g * n, sums.x[k][i] += g;
        g *= of_weight[i];
        sum += g, product += g * n;
      }
    });
    sum = warp_sum(sum) / static_cast<float>(width);
    product = warp_sum(product) / static_cast<float>(width);
    Row::each(width, [&](int k, int first) {
      T* out = dx + r * width + first;
      float value[4] = {};
      if (add) load_pack(out, value);
      for (int i = 0; i < 4; ++i) value[i] += factor * (gradient.x[k][i] - sum - normal.x[k][i] * product);
      store_pack(out, value);
    });
  }
  // [/fused]
  for (int turn = 0; turn < fused_threads / 32; ++turn) {
    if (warp == turn)
      Row::each(width, [&](int k, int first) {
        float before[2][4] = {};
        if (turn > 0) load_pack(d_weight + first, before[0]), load_pack(d_bias + first, before[1]);
        for (int i = 0; i < 4; ++i) before[0][i] += products.x[k][i], before[1][i] += sums.x[k][i];
        store_pack(d_weight + first, before[0]);
        store_pack(d_bias + first, before[1]);
      });
    __syncthreads();
  }
  for (int c = static_cast<int>(threadIdx.x); c < 2 * width; c += fused_threads)
    partial[static_cast<int64_t>(blockIdx.x) * 2 * width + c] = d_weight[c];
}

// [backward_finish]
/// Block (32, 32). The second stage of both ways.
__global__ void backward_finish_kernel(float* d_weight, float* d_bias, const float* partial, int64_t chunks,
                                       int64_t width) {
  const int64_t c = static_cast<int64_t>(blockIdx.x) * 32 + threadIdx.x;
  const float sum = chunk_sum(partial, chunks, 2 * width, c);
  if (threadIdx.y == 0 && c < 2 * width) (c < width ? d_weight[c] : d_bias[c - width]) += sum;
}
// [/backward_finish]

}  // namespace

void layernorm_backward(DType type, void* dx, bool add, float* d_weight, float* d_bias, const void* dy,
                        const void* x, const float* weight, const float* mean, const float* rstd,
                        int64_t rows, int64_t width, void* scratch, int rung, Stream stream) {
  if (rows == 0) return;
  const cudaStream_t on = native(stream);
  float* partial = static_cast<float*>(scratch);
  const unsigned chunks = blocks_for(rows, rows_of_chunk);
  for_type(type, [&](auto zero) {
    using T = decltype(zero);
    T* out = static_cast<T*>(dx);
    const T *gradient = static_cast<const T*>(dy), *in = static_cast<const T*>(x);
    const auto fused = [&](auto most) {
      const size_t shared = 3 * sizeof(float) * static_cast<size_t>(width);
      simt::launch<backward_fused_kernel<most, T>>({chunks, fused_threads, shared, on}, out, add, partial,
                                                   gradient, in, weight, mean, rstd, rows,
                                                   static_cast<int>(width));
    };
    if (rung == 0) {
      simt::launch<backward_thread_kernel<T>>({blocks_for(rows, threads), threads, 0, on}, out, add, d_weight,
                                              d_bias, gradient, in, weight, mean, rstd, rows, width);
      return;
    }
    if (rung == 1 || !with_packs(width, fused, dx, dy, x, weight)) {
      simt::launch<backward_columns_kernel<T>>({dim3(blocks_for(width, 32), chunks), dim3(32, 8), 0, on},
                                               partial, gradient, in, mean, rstd, rows, width);
      simt::launch<backward_rows_kernel<T>>({blocks_for(rows * 32, threads), threads, 0, on}, out, add,
                                            gradient, in, weight, mean, rstd, rows, width);
    }
    simt::launch<backward_finish_kernel>({blocks_for(2 * width, 32), dim3(32, 32), 0, on}, d_weight, d_bias,
                                         static_cast<const float*>(partial), static_cast<int64_t>(chunks),
                                         width);
  });
}

size_t layernorm_backward_scratch_bytes(int64_t rows, int64_t width) {
  return 2 * sizeof(float) * static_cast<size_t>(blocks_for(rows, rows_of_chunk)) *
         static_cast<size_t>(width);
}

}  // namespace gpt::KERNEL_SPACE
