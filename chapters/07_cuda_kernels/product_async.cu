// The last rung of linear.hpp: tiles that come by themselves while tensor cores compute.

#include "07_cuda_kernels/async_copy.hpp"
#include "07_cuda_kernels/product.hpp"
#include "07_cuda_kernels/tensor_core.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

using simt::bf16;

// A block of eight warps has 128 × 256 elements of C, a warp 64 × 64: four by four blocks of 16 × 16. Tiles
// are 32 deep, and three of them have room.
constexpr int rows = 128, cols = 256, depth = 32, slots = 3, threads = 256, part = 64, per_part = part / 16;

// [strides]
/// From one row of a tile to the next. As a number of words it is 4 times an odd number: eight rows of 16
/// bytes, what ldmatrix reads at a time, lie in all 32 banks.
template <int lines, bool along_k>
constexpr int stride = (along_k ? depth : lines) + 8;
template <int lines, bool along_k>
constexpr int tile_size = (along_k ? lines : depth) * stride<lines, along_k>;
// [/strides]

// [fetch]
/// Starts to copy a tile of `lines` lines. Where they lie along k, eight lanes take eight lines: the warp
/// reads whole sectors all the same, and each eight store to all banks.
template <int lines, bool along_k>
__device__ void fetch(bf16* tile, const Operand<bf16, along_k>& from, int line0, int k0) {
  const int t = threadIdx.x;
#pragma unroll
  for (int i = 0; i < lines / 64; ++i) {
    const int p = t + threads * i;  // of the tile's packs of 8
    const int line = along_k ? p / 32 * 8 + p % 8 : p % (lines / 8) * 8;
    const int k = along_k ? p % 32 / 8 * 8 : p / (lines / 8);
    bf16* to = tile + (along_k ? line * stride<lines, true> + k : k * stride<lines, false> + line);
    const bool inside = line0 + line < from.lines && k0 + k < from.depth;
    copy_async(to, from.at(line0 + line, k0 + k), inside);
  }
}
// [/fetch]

/// The operands of a warp for 16 steps along k.
struct Operands {
  LeftOperand a[per_part];
  RightOperand b[per_part];
};

template <int lines, bool along_k, class Operand>
__device__ void load_four(Operand (&x)[per_part], const bf16* tile, int line, int k) {
#pragma unroll
  for (int i = 0; i < per_part; ++i, line += 16)
    if constexpr (along_k) {
      load(x[i], tile + line * stride<lines, true> + k, stride<lines, true>);
    } else {
      load_across(x[i], tile + k * stride<lines, false> + line, stride<lines, false>);
    }
}

// [store]
/// Through shared memory, 16 rows at a time: there each lane finds four neighbours of one row.
template <class T>
__device__ void store(const Output<T>& out, float* shared, int row, int col,
                      Sums16 (&sum)[per_part][per_part]) {
  constexpr int strip = part + 8;  // 8 times an odd number of words: pairs of eight rows lie in all banks
  const int lane = threadIdx.x % 32;
  float* mine = shared + threadIdx.x / 32 * 16 * strip;
#pragma unroll
  for (int i = 0; i < per_part; ++i) {
#pragma unroll
    for (int j = 0; j < per_part; ++j)
#pragma unroll
      for (int pair = 0; pair < 4; ++pair)
        *reinterpret_cast<float2*>(mine + (lane / 4 + pair % 2 * 8) * strip + 16 * j + pair / 2 * 8 +
                                   lane % 4 * 2) =
            make_float2(sum[i][j].x[2 * pair], sum[i][j].x[2 * pair + 1]);
    __syncwarp();
    for (int r = lane / 16; r < 16; r += 2) {
      float four[4];
      load_pack(mine + r * strip + lane % 16 * 4, four);
      out.store_four(row + 16 * i + r, col + lane % 16 * 4, four);
    }
    __syncwarp();
  }
}
// [/store]

// [async]
template <Layout layout>
__global__ void __launch_bounds__(threads, 1) async_kernel(Product<bf16, layout> p) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  constexpr bool a_along_k = Product<bf16, layout>::a_along_k, b_along_k = Product<bf16, layout>::b_along_k;
  constexpr int a_size = tile_size<rows, a_along_k>, slot_size = a_size + tile_size<cols, b_along_k>;
  SIMT_DYNAMIC_SHARED(bf16, shared);
  const int m0 = blockIdx.y * rows, n0 = blockIdx.x * cols;
  const int row = threadIdx.x / 128 * part, col = threadIdx.x / 32 % 4 * part;  // of this warp
  const int tiles = (p.depth + depth - 1) / depth;
  const auto start = [&](int tile) {
    bf16* slot = shared + tile % slots * slot_size;
    if (tile < tiles) {
      fetch<rows>(slot, p.a, m0, tile * depth);
      fetch<cols>(slot + a_size, p.b, n0, tile * depth);
    }
    close_copies();
  };
  const auto load = [&](Operands& operands, int tile, int k) {
    const bf16* slot = shared + tile % slots * slot_size;
    load_four<rows, a_along_k>(operands.a, slot, row, k);
    load_four<cols, b_along_k>(operands.b, slot + a_size, col, k);
  };
  Sums16 sum[per_part][per_part];
  const auto multiply = [&](const Operands& operands) {
#pragma unroll
    for (int i = 0; i < per_part; ++i)
#pragma unroll
      for (int j = 0; j < per_part; ++j) mma(sum[i][j], operands.a[i], operands.b[j]);
  };

  // [loop]
  for (int tile = 0; tile < slots; ++tile) start(tile);
  wait_for_copies<slots - 1>(), __syncthreads();
  Operands now, next;
  load(now, 0, 0);
  for (int tile = 0; tile < tiles; ++tile) {
    load(next, tile, 16);
    multiply(now);
    wait_for_copies<slots - 2>(), __syncthreads();  // the next tile is there, and nobody needs this one
    if (tile + 1 < tiles) load(now, tile + 1, 0);
    start(tile + slots);
    multiply(next);
  }
  // [/loop]
  wait_for_copies<0>(), __syncthreads();
  store(p.out, reinterpret_cast<float*>(shared), m0 + row, n0 + col, sum);
#endif
}
// [/async]

}  // namespace

template <Layout layout>
void launch_async(const Product<bf16, layout>& p, cudaStream_t stream) {
  using P = Product<bf16, layout>;
  constexpr size_t bytes =
      slots * sizeof(bf16) * (tile_size<rows, P::a_along_k> + tile_size<cols, P::b_along_k>);
  simt::launch<async_kernel<layout>>(
      {dim3(blocks_for(p.cols, cols), blocks_for(p.rows, rows)), threads, bytes, stream}, p);
}

template void launch_async(const Product<bf16, Layout::forward>&, cudaStream_t);
template void launch_async(const Product<bf16, Layout::input>&, cudaStream_t);
template void launch_async(const Product<bf16, Layout::weight>&, cudaStream_t);

}  // namespace gpt::KERNEL_SPACE
