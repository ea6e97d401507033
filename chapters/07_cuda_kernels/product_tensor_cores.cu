// The first rung of linear.hpp on tensor cores: a warp multiplies matrices of 16 × 16 by one instruction.

#include "07_cuda_kernels/fragments.hpp"
#include "07_cuda_kernels/product.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

using simt::bf16;

// A block of four warps has 128 × 128 elements of C, a warp 64 × 64: four by four fragments. Tiles are 32
// deep.
constexpr int side = 128, depth = 32, threads = 128, part = 64, per_part = part / 16;

// [strides]
/// From one row of a tile to the next, in elements: 20 or 68 words of four bytes. Eight rows of 16 bytes,
/// which ldmatrix reads at a time, then lie in all 32 banks, because 20 and 68 are 4 times an odd number.
template <bool along_k>
constexpr int stride = along_k ? depth + 8 : side + 8;
template <bool along_k>
constexpr int tile_size = along_k ? side* stride<true> : depth* stride<false>;
// [/strides]

/// A thread's part of a tile: four packs of eight bf16.
struct Packs {
  uint4 x[4];
};

// [position]
/// Along k, eight lanes take eight rows: the warp reads whole sectors all the same, and each eight store to
/// all banks.
template <bool along_k>
__device__ void position(int i, int& line, int& k) {
  const int t = threadIdx.x;
  line = along_k ? t / 32 * 8 + t % 8 + 32 * i : t % 16 * 8;
  k = along_k ? t % 32 / 8 * 8 : t / 16 + 8 * i;
}
// [/position]

template <bool along_k>
__device__ void fetch(const Operand<bf16, along_k>& from, int line0, int k0, Packs& packs) {
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    int line, k;
    position<along_k>(i, line, k);
    line += line0, k += k0;
    if (from.packs && line < from.lines && k < from.depth) {
      packs.x[i] = *reinterpret_cast<const uint4*>(from.at(line, k));
    } else {
      float x[8];
#pragma unroll
      for (int j = 0; j < 8; ++j) x[j] = along_k ? from(line, k + j) : from(line + j, k);
      packs.x[i] = make_uint4(pack_two(x), pack_two(x + 2), pack_two(x + 4), pack_two(x + 6));
    }
  }
}

template <bool along_k>
__device__ void put(bf16* tile, const Packs& packs) {
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    int line, k;
    position<along_k>(i, line, k);
    *reinterpret_cast<uint4*>(tile + (along_k ? line * stride<true> + k : k * stride<false> + line)) =
        packs.x[i];
  }
}

// [multiply]
/// sum += this warp's rows of A · its columns of B.
template <bool a_along_k, bool b_along_k>
__device__ void multiply(const bf16* a_tile, const bf16* b_tile, int row, int col,
                         Sums (&sum)[per_part][per_part]) {
  using Left = std::conditional_t<a_along_k, LeftByRows, LeftByCols>;
  using Right = std::conditional_t<b_along_k, RightByCols, RightByRows>;
#pragma unroll
  for (int k = 0; k < depth; k += 16) {
    Left a[per_part];
    Right b;
#pragma unroll
    for (int i = 0; i < per_part; ++i) {
      const int line = row + 16 * i;
      load_shared(a[i], a_tile + (a_along_k ? line * stride<true> + k : k * stride<false> + line),
                  stride<a_along_k>);
    }
#pragma unroll
    for (int j = 0; j < per_part; ++j) {
      const int line = col + 16 * j;
      load_shared(b, b_tile + (b_along_k ? line * stride<true> + k : k * stride<false> + line),
                  stride<b_along_k>);
#pragma unroll
      for (int i = 0; i < per_part; ++i) simt::wmma::mma_sync(sum[i][j], a[i], b, sum[i][j]);
    }
  }
}
// [/multiply]

// [store]
/// Fragments belong to a warp and not to lanes, so they go through shared memory, 16 rows at a time; from
/// there on every lane has four neighbours of one row.
template <class T>
__device__ void store(const Output<T>& out, float* shared, int row, int col,
                      Sums (&sum)[per_part][per_part]) {
  constexpr int strip = part + 8;
  const int lane = threadIdx.x % 32;
  float* mine = shared + threadIdx.x / 32 * 16 * strip;
#pragma unroll
  for (int i = 0; i < per_part; ++i) {
#pragma unroll
    for (int j = 0; j < per_part; ++j)
      simt::wmma::store_matrix_sync(mine + 16 * j, sum[i][j], strip, simt::wmma::mem_row_major);
    __syncwarp();
    for (int r = lane / 16; r < 16; r += 2) {
      float four[4];
      load_pack(mine + r * strip + lane % 16 * 4, four);
      out.store_four(blockIdx.y * side + row + 16 * i + r, blockIdx.x * side + col + lane % 16 * 4, four);
    }
    __syncwarp();
  }
}
// [/store]

// [tensor_cores]
template <Layout layout>
__global__ void __launch_bounds__(threads) tensor_cores_kernel(Product<bf16, layout> p) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800  // bf16 on tensor cores begins there
  constexpr bool a_along_k = Product<bf16, layout>::a_along_k, b_along_k = Product<bf16, layout>::b_along_k;
  constexpr int a_size = tile_size<a_along_k>, b_size = tile_size<b_along_k>;
  __shared__ __align__(32) bf16 shared[2 * (a_size + b_size)];
  const int m0 = blockIdx.y * side, n0 = blockIdx.x * side;
  const int row = threadIdx.x / 64 * part, col = threadIdx.x / 32 % 2 * part;  // of this warp
  Sums sum[per_part][per_part];
#pragma unroll
  for (int i = 0; i < per_part; ++i)
#pragma unroll
    for (int j = 0; j < per_part; ++j) simt::wmma::fill_fragment(sum[i][j], 0.0f);
  Packs a, b;
  fetch(p.a, m0, 0, a), fetch(p.b, n0, 0, b);
  put<a_along_k>(shared, a), put<b_along_k>(shared + a_size, b);
  __syncthreads();
  for (int k0 = 0, now = 0; k0 < p.depth; k0 += depth, now ^= 1) {
    const bool more = k0 + depth < p.depth;
    const bf16* tile = shared + now * (a_size + b_size);
    bf16* next = shared + (now ^ 1) * (a_size + b_size);
    if (more) fetch(p.a, m0, k0 + depth, a), fetch(p.b, n0, k0 + depth, b);
    multiply<a_along_k, b_along_k>(tile, tile + a_size, row, col, sum);
    if (more) put<a_along_k>(next, a), put<b_along_k>(next + a_size, b);
    __syncthreads();
  }
  store(p.out, reinterpret_cast<float*>(shared), row, col, sum);
#endif
}
// [/tensor_cores]

}  // namespace

template <Layout layout>
void launch_tensor_cores(const Product<bf16, layout>& p, cudaStream_t stream) {
  simt::launch<tensor_cores_kernel<layout>>(
      {dim3(blocks_for(p.cols, side), blocks_for(p.rows, side)), threads, 0, stream}, p);
}

template void launch_tensor_cores(const Product<bf16, Layout::forward>&, cudaStream_t);
template void launch_tensor_cores(const Product<bf16, Layout::input>&, cudaStream_t);
template void launch_tensor_cores(const Product<bf16, Layout::weight>&, cudaStream_t);

}  // namespace gpt::KERNEL_SPACE
