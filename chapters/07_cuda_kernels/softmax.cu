#include "07_cuda_kernels/softmax.hpp"

#include "07_cuda_kernels/reduce.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr int threads = 128;

template <class T>
__global__ void softmax_thread_kernel(T* y, const T* x, int64_t rows, int64_t columns) {
  const int64_t r = thread_index();
  if (r >= rows) return;
  const T* in = x + r * columns;
  float largest = -INFINITY, total = 0;
  for (int64_t c = 0; c < columns; ++c) largest = fmaxf(largest, to_float(in[c]));
  for (int64_t c = 0; c < columns; ++c) total += __expf(to_float(in[c]) - largest);
  for (int64_t c = 0; c < columns; ++c)
    y[r * columns + c] = from_float<T>(__expf(to_float(in[c]) - largest) / total);
}

template <class T>
__global__ void softmax_warp_kernel(T* y, const T* x, int64_t rows, int64_t columns) {
  const int lane = threadIdx.x % 32;
  const int64_t r = thread_index() / 32;
  if (r >= rows) return;
  const T* in = x + r * columns;
  float largest = -INFINITY, total = 0;
  for (int64_t c = lane; c < columns; c += 32) largest = fmaxf(largest, to_float(in[c]));
  largest = warp_max(largest);
  for (int64_t c = lane; c < columns; c += 32) total += __expf(to_float(in[c]) - largest);
  const float scale = 1.0f / warp_sum(total);
  for (int64_t c = lane; c < columns; c += 32)
    y[r * columns + c] = from_float<T>(__expf(to_float(in[c]) - largest) * scale);
}

// [online]
/// Largest and total in one pass: when a larger number comes, what was added up so far shrinks (Milakov and
/// Gimelshein, 2018).
template <class T>
__global__ void softmax_online_kernel(T* y, const T* x, int64_t rows, int64_t columns) {
  const int lane = threadIdx.x % 32;
  const int64_t r = thread_index() / 32;
  if (r >= rows) return;
  const T* in = x + r * columns;
  float largest = -3e38f, total = 0;  // not -∞: the difference of two infinities is no number
  for (int64_t c = lane; c < columns; c += 32) {
    const float value = to_float(in[c]), before = largest;
    largest = fmaxf(largest, value);
    total = total * __expf(before - largest) + __expf(value - largest);
  }
  const float of_row = warp_max(largest);
  const float scale = 1.0f / warp_sum(total * __expf(largest - of_row));
  for (int64_t c = lane; c < columns; c += 32)
    y[r * columns + c] = from_float<T>(__expf(to_float(in[c]) - of_row) * scale);
}
// [/online]

// [registers]
/// Each lane keeps `most` packs of its row.
template <int most, class T>
__global__ void softmax_registers_kernel(T* y, const T* x, int64_t rows, int64_t columns) {
  const int lane = threadIdx.x % 32;
  const int64_t r = thread_index() / 32;
  if (r >= rows) return;
  const int packs = static_cast<int>(columns / pack<T>);
  float kept[most][pack<T>];
  float largest = -INFINITY, total = 0;
#pragma unroll
  for (int k = 0; k < most; ++k) {
    if (lane + 32 * k >= packs) continue;
    load_pack(x + r * columns + (lane + 32 * k) * pack<T>, kept[k]);
    for (const float value : kept[k]) largest = fmaxf(largest, value);
  }
  largest = warp_max(largest);
#pragma unroll
  for (int k = 0; k < most; ++k) {
    if (lane + 32 * k >= packs) continue;
    for (float& value : kept[k]) total += value = __expf(value - largest);
  }
  const float scale = 1.0f / warp_sum(total);
#pragma unroll
  for (int k = 0; k < most; ++k) {
    if (lane + 32 * k >= packs) continue;
    for (float& value : kept[k]) value *= scale;
    store_pack(y + r * columns + (lane + 32 * k) * pack<T>, kept[k]);
  }
}
// [/registers]

}  // namespace

void softmax_forward(DType type, void* y, const void* x, int64_t rows, int64_t columns, int rung,
                     Stream stream) {
  if (rows == 0) return;
  for_type(type, [&](auto zero) {
    using T = decltype(zero);
    const simt::LaunchConfig config{blocks_for(rung == 0 ? rows : rows * 32, threads), threads, 0,
                                    native(stream)};
    const auto go = [&](auto kernel) {
      kernel(config, static_cast<T*>(y), static_cast<const T*>(x), rows, columns);
    };
    const bool packs = rung >= 3 && columns % pack<T> == 0 && aligned(y, x);
    const int64_t needed = packs ? (columns / pack<T> + 31) / 32 : 0;
    if (rung == 0) return go([](auto... a) { simt::launch<softmax_thread_kernel<T>>(a...); });
    if (rung == 1) return go([](auto... a) { simt::launch<softmax_warp_kernel<T>>(a...); });
    if (needed == 0 || needed > 8) return go([](auto... a) { simt::launch<softmax_online_kernel<T>>(a...); });
    if (needed <= 2) return go([](auto... a) { simt::launch<softmax_registers_kernel<2, T>>(a...); });
    if (needed <= 4) return go([](auto... a) { simt::launch<softmax_registers_kernel<4, T>>(a...); });
    go([](auto... a) { simt::launch<softmax_registers_kernel<8, T>>(a...); });
  });
}

}  // namespace gpt::KERNEL_SPACE
