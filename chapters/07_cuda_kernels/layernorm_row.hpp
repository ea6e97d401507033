#pragma once
// What layernorm's kernels share: a row in the registers of a warp. Only .cu files include it.

#include "07_cuda_kernels/layernorm.hpp"
#include "07_cuda_kernels/reduce.hpp"

namespace gpt::KERNEL_SPACE {

// [row_of_warp]
/// A row in the registers of a warp: lane l has packs l, l + 32, … of four elements, at most `most` of them.
/// Four for bf16 too: with eight, the f32 weights beside them would be loaded in two halves of every sector.
template <int most>
struct RowOfWarp {
  float x[most][4];

  /// Calls f(k, first) for each pack of this lane: x[k] is the elements first … first + 3.
  template <class F>
  __device__ static void each(int width, F f) {
#pragma unroll
    for (int k = 0; k < most; ++k) {
      const int first = 4 * (static_cast<int>(threadIdx.x) % 32 + 32 * k);
      if (first < width) f(k, first);
    }
  }
  template <class T>
  __device__ void load(const T* row, int width) {
    each(width, [&](int k, int first) { load_pack(row + first, x[k]); });
  }
  /// x = (x - mean) · rstd.
  __device__ void normalise(int width, float& mean, float& rstd) {
    float sum = 0, squares = 0;
    each(width, [&](int k, int) {
      for (const float value : x[k]) sum += value;
    });
    mean = warp_sum(sum) / static_cast<float>(width);
    each(width, [&](int k, int) {
      for (float& value : x[k]) value -= mean, squares += value * value;
    });
    rstd = rsqrtf(warp_sum(squares) / static_cast<float>(width) + 1e-5f);
    each(width, [&](int k, int) {
      for (float& value : x[k]) value *= rstd;
    });
  }
  template <class T>
  __device__ void store(T* row, const float* weight, const float* bias, int width) {
    each(width, [&](int k, int first) {
      float w[4], b[4];
      load_pack(weight + first, w);
      load_pack(bias + first, b);
      for (int i = 0; i < 4; ++i) x[k][i] = x[k][i] * w[i] + b[i];
      store_pack(row + first, x[k]);
    });
  }
};
// [/row_of_warp]

/// Calls f(std::integral_constant) of the smallest number of packs a lane that is enough for a row; false if
/// none is, or the pointers or the width do not allow packs.
template <class F, class... Pointers>
bool with_packs(int64_t width, F f, Pointers... pointers) {
  if (width % 4 != 0 || !aligned(pointers...)) return false;
  const auto fits = [&](auto most) {
    if (width > 128 * decltype(most)::value) return false;
    f(most);
    return true;
  };
  return fits(std::integral_constant<int, 1>{}) || fits(std::integral_constant<int, 3>{}) ||
         fits(std::integral_constant<int, 6>{}) || fits(std::integral_constant<int, 10>{}) ||
         fits(std::integral_constant<int, 13>{});  // 1664: GPT-2 XL has 1600
}

}  // namespace gpt::KERNEL_SPACE
