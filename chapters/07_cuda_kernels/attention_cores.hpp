#pragma once
// What the kernels of attention's last rung share: the sizes of their tiles, and how rows come and go. Only
// .cu files include it.

#include "07_cuda_kernels/async_copy.hpp"
#include "07_cuda_kernels/attention_kernels.hpp"
#include "07_cuda_kernels/tensor_core.hpp"

namespace gpt::KERNEL_SPACE {

using simt::bf16;

// [core_tiles]
/// Of heads of 32, 64 or 128 numbers. Each of four warps has `blocks` times 16 rows of the tile that stays,
/// in registers; what passes by lies in shared memory, twice: one tile is used while the next one comes.
template <int depth, bool dropping = false>
struct CoreTiles {
  static constexpr int threads = 128;
  static constexpr int blocks = depth == 128 || dropping ? 1 : 2;  ///< as many as there are registers for
  static constexpr int rows = 4 * 16 * blocks;
  static constexpr int columns = dropping ? 32 : 64;
  /// From one row to the next: 4 · odd words of four bytes, so eight rows of 16 bytes lie in all 32 banks.
  static constexpr int stride = depth + 8;
  static constexpr int buffer = 2 * columns * stride;  ///< elements: keys and values, or queries and dy
};
// [/core_tiles]

__device__ inline int core_warp() {
  return static_cast<int>(threadIdx.x) / 32;
}
__device__ inline int core_lane() {
  return static_cast<int>(threadIdx.x) % 32;
}

// [copy_tile]
/// tile[r][i] = from[first + r][i], or 0 from row `limit` on: 8 rows and 64 bytes of each a warp at a time.
/// Eight lanes take eight rows, and so all banks.
template <int rows, int depth>
__device__ void copy_tile(bf16* tile, const bf16* from, int64_t row_length, int first, int limit) {
  constexpr int across = depth / 32;
#pragma unroll(depth == 128 ? 1 : 4)  // registers are scarce in heads of 128
  for (int n = core_warp(); n < rows / 8 * across; n += 4) {
    const int r = n / across * 8 + core_lane() % 8, i = n % across * 32 + core_lane() / 8 * 8;
    copy_async(tile + r * CoreTiles<depth>::stride + i, from + (first + r) * row_length + i,
               first + r < limit);
  }
}
// [/copy_tile]

/// All copies of this block are there, and all its threads are here.
__device__ inline void copies_are_there() {
  close_copies();
  wait_for_copies<0>();
  __syncthreads();
}

/// This warp's rows of a tile as left operands, and they stay.
template <int depth, int blocks>
__device__ void load_rows(LeftOperand (&rows)[blocks][depth / 16], const bf16* tile) {
  constexpr int stride = CoreTiles<depth>::stride;
#pragma unroll
  for (int b = 0; b < blocks; ++b)
#pragma unroll
    for (int k = 0; k < depth / 16; ++k)
      load(rows[b][k], tile + (core_warp() * blocks + b) * 16 * stride + 16 * k, stride);
}

// [store_rows]
/// 16 rows of sums to to[first…], those below `limit`, times a factor for the upper and the lower eight.
/// Lanes hold single words of rows; by way of `strip`, this warp's own piece of shared memory, they store 16
/// bytes.
template <int depth>
__device__ void store_rows(bf16* to, int64_t row_length, int first, int limit, bf16* strip,
                           const Sums16 (&sum)[depth / 16], float upper, float lower) {
  constexpr int stride = CoreTiles<depth>::stride;
  const int lane = core_lane();
#pragma unroll
  for (int j = 0; j < depth / 16; ++j)
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      bf16* at = strip + (lane / 4 + i % 2 * 8) * stride + 16 * j + i / 2 * 8 + lane % 4 * 2;
      const float factor = i % 2 == 0 ? upper : lower;
      *reinterpret_cast<unsigned*>(at) = bf16_pair(factor * sum[j].x[2 * i], factor * sum[j].x[2 * i + 1]);
    }
  __syncwarp();
#pragma unroll
  for (int n = 0; n < 2 * depth / 32; ++n) {
    const int r = n % 2 * 8 + lane % 8, i = n / 2 * 32 + lane / 8 * 8;
    if (first + r < limit)
      *reinterpret_cast<uint4*>(to + (first + r) * row_length + i) =
          *reinterpret_cast<const uint4*>(strip + r * stride + i);
  }
  __syncwarp();
}
// [/store_rows]

/// 2ˣ by the one instruction that all exponentials are made of.
__device__ inline float exp2_fast(float x) {
#ifdef __CUDACC__
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
#else
  return exp2f(x);
#endif
}

constexpr float log2_of_e = 1.44269504f;

/// log2(e) / √depth: 2 to the power of so many times q · k is exp of the score.
template <int depth>
__device__ float core_scale() {
  return log2_of_e * rsqrtf(static_cast<float>(depth));
}

/// Calls f with the width of a head and whether there is dropout, as constants.
template <class Pass, class F>
void for_depth(const Pass& pass, F&& f) {
  const auto with = [&](auto depth) {
    if (pass.dropout.active()) {
      f(depth, std::true_type{});
    } else {
      f(depth, std::false_type{});
    }
  };
  if (pass.shape.head_width == 32) with(std::integral_constant<int, 32>{});
  if (pass.shape.head_width == 64) with(std::integral_constant<int, 64>{});
  if (pass.shape.head_width == 128) with(std::integral_constant<int, 128>{});
}

}  // namespace gpt::KERNEL_SPACE
