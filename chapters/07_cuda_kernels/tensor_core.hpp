#pragma once
// Tensor cores by the instructions themselves (PTX ISA: ldmatrix and mma), whose registers are documented.
// A kernel may therefore compute with what lies in them, which wmma leaves open. From sm_80 on; kernels for
// GPUs before it are empty, and are not launched.

#include <bit>
#include <cstring>

#include "07_cuda_kernels/device.hpp"
#include "07_cuda_kernels/fragments.hpp"

// The SIMT machine reports a mistake at the line of the call.
#ifdef __CUDACC__
#define GPT_CALLER
#define GPT_PASS_CALLER
#else
#define GPT_CALLER , simt::detail::Where where = simt::detail::here()
#define GPT_PASS_CALLER , where
#endif

namespace gpt::KERNEL_SPACE {

// [operands]
/// A lane's part of 16 × 16 numbers of bf16, which are an operand of a product. The lines of the left one are
/// its rows, those of the right one its columns. Word i of lane l holds two neighbours of line(i) + l / 4,
/// from k(i) + 2 (l % 4) on.
struct LeftOperand {
  unsigned word[4];
  static constexpr __host__ __device__ int line(int i) { return i % 2 * 8; }
  static constexpr __host__ __device__ int k(int i) { return i / 2 * 8; }
};
struct RightOperand {
  unsigned word[4];
  static constexpr __host__ __device__ int line(int i) { return i / 2 * 8; }
  static constexpr __host__ __device__ int k(int i) { return i % 2 * 8; }
};
/// And of 16 × 16 sums in f32. Pair i (numbers 2i and 2i + 1) of lane l stands in row l / 4 + 8 (i % 2), from
/// column 2 (l % 4) + 8 (i / 2) on: where word i of a left operand stands.
struct Sums16 {
  float x[8] = {};
};
// [/operands]

#ifndef __CUDACC__
// [machine]
/// ldmatrix on the SIMT machine: every lane reads a row of 16 bytes, then the words go to their lanes. Eight
/// rows are a block, and what a GPU reads at a time.
template <bool transposed>
void machine_ldmatrix(unsigned (&word)[4], const simt::bf16* row, simt::detail::Where where) {
  if (reinterpret_cast<uintptr_t>(row) % 16 != 0)
    simt::detail::fail_at(where, "a row for ldmatrix begins at a multiple of 16 bytes");
  struct Lane {
    uint4 row;
    unsigned* word;
    unsigned element(int i) const {
      const unsigned of_row[4] = {row.x, row.y, row.z, row.w};
      return of_row[i / 2] >> 16 * (i % 2) & 0xffff;
    }
  };
  Lane mine{*reinterpret_cast<const uint4*>(row), word};
  const simt::detail::Finish finish = [](simt::detail::WarpExchange& warp) {
    if (warp.mask != all_lanes)
      simt::detail::fail_inactive_source(std::countr_zero(warp.mask), std::countr_one(warp.mask));
    const auto of = [&](int lane) { return reinterpret_cast<Lane*>(warp.value[lane]); };
    for (int lane = 0; lane < 32; ++lane)
      for (int block = 0; block < 4; ++block) {
        const int line = lane / 4, place = lane % 4 * 2;
        const auto at = [&](int r, int c) { return of(8 * block + r)->element(c); };
        of(lane)->word[block] = transposed ? at(place, line) | at(place + 1, line) << 16
                                           : at(line, place) | at(line, place + 1) << 16;
      }
  };
  simt::detail::warp_collective(all_lanes, reinterpret_cast<uintptr_t>(&mine), 0, "ldmatrix", finish, where);
}
// [/machine]
#endif

// [ldmatrix]
/// Four blocks of 8 × 8 from shared memory. Lane l says where row l % 8 of block l / 8 begins, a multiple of
/// 16 bytes, and gets word i of block i, which may be transposed on its way.
template <bool transposed>
__device__ void ldmatrix(unsigned (&word)[4], const simt::bf16* row GPT_CALLER) {
#ifndef __CUDACC__
  machine_ldmatrix<transposed>(word, row, where);
#elif defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  const unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(row));
  if constexpr (transposed) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(word[0]), "=r"(word[1]), "=r"(word[2]), "=r"(word[3])
                 : "r"(address)
                 : "memory");
  } else {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(word[0]), "=r"(word[1]), "=r"(word[2]), "=r"(word[3])
                 : "r"(address)
                 : "memory");
  }
#endif
}
// [/ldmatrix]

// [load]
/// Element (line, k) from tile[line · stride + k] in shared memory.
template <class Operand>
__device__ void load(Operand& x, const simt::bf16* tile, int stride GPT_CALLER) {
  const int block = threadIdx.x % 32 / 8, row = threadIdx.x % 8;
  ldmatrix<false>(x.word, tile + (Operand::line(block) + row) * stride + Operand::k(block) GPT_PASS_CALLER);
}
/// Element (line, k) from tile[k · stride + line]: the blocks are transposed on their way.
template <class Operand>
__device__ void load_across(Operand& x, const simt::bf16* tile, int stride GPT_CALLER) {
  const int block = threadIdx.x % 32 / 8, row = threadIdx.x % 8;
  ldmatrix<true>(x.word, tile + (Operand::k(block) + row) * stride + Operand::line(block) GPT_PASS_CALLER);
}
// [/load]

// [mma]
/// Columns 0 to 7 of the product, or 8 to 15.
__device__ inline void mma_half([[maybe_unused]] float* sum, [[maybe_unused]] const LeftOperand& a,
                                [[maybe_unused]] const unsigned* b GPT_CALLER) {
#ifndef __CUDACC__
  namespace wmma = simt::wmma;  // whose fragments lie in the lanes in the same order
  wmma::fragment<wmma::matrix_a, 16, 8, 16, simt::bf16, wmma::row_major> left;
  wmma::fragment<wmma::matrix_b, 16, 8, 16, simt::bf16, wmma::col_major> right;
  wmma::fragment<wmma::accumulator, 16, 8, 16, float> sums;
  std::memcpy(static_cast<void*>(left.x), a.word, sizeof left.x);
  std::memcpy(static_cast<void*>(right.x), b, sizeof right.x);
  std::memcpy(sums.x, sum, sizeof sums.x);
  wmma::mma_sync(sums, left, right, sums, where);
  std::memcpy(sum, sums.x, sizeof sums.x);
#elif defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
      : "r"(a.word[0]), "r"(a.word[1]), "r"(a.word[2]), "r"(a.word[3]), "r"(b[0]), "r"(b[1]));
#endif
}
/// sum += a · b
__device__ inline void mma(Sums16& sum, const LeftOperand& a, const RightOperand& b GPT_CALLER) {
  mma_half(sum.x, a, b.word GPT_PASS_CALLER);
  mma_half(sum.x + 4, a, b.word + 2 GPT_PASS_CALLER);
}
// [/mma]

// [left_of]
/// Two numbers as bf16 in one word.
__device__ inline unsigned bf16_pair(float first, float second) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  unsigned word;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(second), "f"(first));
  return word;
#else
  return bf16_bits(first) | bf16_bits(second) << 16;
#endif
}
/// Sums as the left operand of another product: each lane has its words already.
__device__ inline LeftOperand left_of(const Sums16& sum) {
  LeftOperand left;
#pragma unroll
  for (int i = 0; i < 4; ++i) left.word[i] = bf16_pair(sum.x[2 * i], sum.x[2 * i + 1]);
  return left;
}
// [/left_of]

}  // namespace gpt::KERNEL_SPACE
