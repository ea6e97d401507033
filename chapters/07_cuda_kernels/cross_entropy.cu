#include "07_cuda_kernels/cross_entropy.hpp"

#include "07_cuda_kernels/reduce.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr int threads = 256;

template <class T>
__device__ void write_loss(float* losses, float* lse, const T* row, int32_t target, int64_t r,
                           float log_sum) {
  lse[r] = log_sum;
  losses[r] = target < 0 ? 0.0f : log_sum - to_float(row[target]);
}

template <class T>
__global__ void forward_thread_kernel(float* losses, float* lse, const T* logits, const int32_t* targets,
                                      int64_t rows, int64_t vocabulary, int64_t stride) {
  const int64_t r = thread_index();
  if (r >= rows) return;
  const T* row = logits + r * stride;
  float largest = -INFINITY, total = 0;
  for (int64_t v = 0; v < vocabulary; ++v) largest = fmaxf(largest, to_float(row[v]));
  for (int64_t v = 0; v < vocabulary; ++v) total += __expf(to_float(row[v]) - largest);
  write_loss(losses, lse, row, targets[r], r, largest + logf(total));
}

/// A block a row, in two passes.
template <class T>
__global__ void forward_block_kernel(float* losses, float* lse, const T* logits, const int32_t* targets,
                                     int64_t vocabulary, int64_t stride) {
  const int64_t r = blockIdx.x;
  const T* row = logits + r * stride;
  float largest = -INFINITY, total = 0;
  for (int64_t v = threadIdx.x; v < vocabulary; v += threads) largest = fmaxf(largest, to_float(row[v]));
  largest = block_max<threads>(largest);
  for (int64_t v = threadIdx.x; v < vocabulary; v += threads) total += __expf(to_float(row[v]) - largest);
  total = block_sum<threads>(total);
  if (threadIdx.x == 0) write_loss(losses, lse, row, targets[r], r, largest + logf(total));
}

// [online]
/// A block a row, in one pass of packs.
template <class T>
__global__ void forward_online_kernel(float* losses, float* lse, const T* logits, const int32_t* targets,
                                      int64_t vocabulary, int64_t stride) {
  const int64_t r = blockIdx.x;
  const T* row = logits + r * stride;
  float largest = -3e38f, total = 0;
  const auto take = [&](float value) {
    if (value > largest) total *= __expf(largest - value), largest = value;
    total += __expf(value - largest);
  };
  for_row<pack<T>>(
      row, vocabulary, threadIdx.x, threads,
      [&](const float(&x)[pack<T>], int64_t) {
        float of_pack = x[0];
        for (const float value : x) of_pack = fmaxf(of_pack, value);
        if (of_pack > largest) total *= __expf(largest - of_pack), largest = of_pack;
        for (const float value : x) total += __expf(value - largest);
      },
      [&](int64_t v) { take(to_float(row[v])); });
  const float of_row = block_max<threads>(largest);
  total = block_sum<threads>(total * __expf(largest - of_row));
  if (threadIdx.x == 0) write_loss(losses, lse, row, targets[r], r, of_row + logf(total));
}
// [/online]

__device__ inline float gradient(float logit, float lse, float scale, bool is_target) {
  return scale * (__expf(logit - lse) - (is_target ? 1.0f : 0.0f));
}

template <class D, class T>
__global__ void backward_kernel(D* d_logits, const T* logits, const float* lse, const int32_t* targets,
                                float scale, int64_t rows, int64_t vocabulary, int64_t stride) {
  const int64_t i = thread_index(), r = i / vocabulary, v = i % vocabulary;
  if (r >= rows) return;
  const int32_t target = targets[r];
  const float value = gradient(to_float(logits[r * stride + v]), lse[r], scale, v == target);
  d_logits[r * stride + v] = from_float<D>(target < 0 ? 0.0f : value);
}

// [backward]
/// A block a row. Both rows begin equally many elements after a multiple of 16.
template <class D, class T>
__global__ void backward_row_kernel(D* d_logits, const T* logits, const float* lse, const int32_t* targets,
                                    float scale, int64_t vocabulary, int64_t stride) {
  constexpr int width = pack<D> < pack<T> ? pack<D> : pack<T>;  // 4, or 8 if both are bf16
  const int64_t r = blockIdx.x;
  const T* row = logits + r * stride;
  D* out = d_logits + r * stride;
  const int32_t target = targets[r];
  const float log_sum = lse[r], factor = target < 0 ? 0.0f : scale;
  for_row<width>(
      row, vocabulary, threadIdx.x, threads,
      [&](float(&x)[width], int64_t first) {
        for (int i = 0; i < width; ++i) x[i] = gradient(x[i], log_sum, factor, first + i == target);
        store_pack(out + first, x);
      },
      [&](int64_t v) { out[v] = from_float<D>(gradient(to_float(row[v]), log_sum, factor, v == target)); });
}
// [/backward]

}  // namespace

void cross_entropy_forward(float* losses, float* lse, DType type, const void* logits, const int32_t* targets,
                           int64_t rows, int64_t vocabulary, int rung, Stream stream, int64_t row_stride) {
  if (rows == 0) return;
  const int64_t stride = row_stride > 0 ? row_stride : vocabulary;
  for_type(type, [&](auto zero) {
    using T = decltype(zero);
    const T* x = static_cast<const T*>(logits);
    const simt::LaunchConfig config{rung == 0 ? blocks_for(rows, threads) : static_cast<unsigned>(rows),
                                    threads, 0, native(stream)};
    if (rung == 0)
      simt::launch<forward_thread_kernel<T>>(config, losses, lse, x, targets, rows, vocabulary, stride);
    if (rung == 1) simt::launch<forward_block_kernel<T>>(config, losses, lse, x, targets, vocabulary, stride);
    if (rung >= 2)
      simt::launch<forward_online_kernel<T>>(config, losses, lse, x, targets, vocabulary, stride);
  });
}

void cross_entropy_backward(DType d_type, void* d_logits, DType type, const void* logits, const float* lse,
                            const int32_t* targets, double scale, int64_t rows, int64_t vocabulary, int rung,
                            Stream stream, int64_t row_stride) {
  if (rows == 0) return;
  require(d_logits != logits || d_type == type, "a gradient of another type cannot overwrite its logits");
  const int64_t stride = row_stride > 0 ? row_stride : vocabulary;
  const float factor = static_cast<float>(scale);
  const auto launch = [&](auto* out, const auto* x) {
    using D = std::remove_cvref_t<decltype(*out)>;
    using T = std::remove_cvref_t<decltype(*x)>;
    const uintptr_t apart =
        reinterpret_cast<uintptr_t>(out) / sizeof(D) - reinterpret_cast<uintptr_t>(x) / sizeof(T);
    if (rung >= 1 && apart % 16 == 0) {
      simt::launch<backward_row_kernel<D, T>>({static_cast<unsigned>(rows), threads, 0, native(stream)}, out,
                                              x, lse, targets, factor, vocabulary, stride);
    } else {
      simt::launch<backward_kernel<D, T>>(
          {blocks_for(rows * vocabulary, threads), threads, 0, native(stream)}, out, x, lse, targets, factor,
          rows, vocabulary, stride);
    }
  };
  for_type(d_type, [&](auto d_zero) {
    for_type(type, [&](auto zero) {
      launch(static_cast<decltype(d_zero)*>(d_logits), static_cast<const decltype(zero)*>(logits));
    });
  });
}

}  // namespace gpt::KERNEL_SPACE
