#pragma once
// Tensor cores by the instructions themselves (PTX ISA: ldmatrix and mma), whose registers are documented.
// A kernel may therefore compute with what lies in them, which wmma leaves open. From sm_80 on.

#include <cstring>

#include "07_cuda_kernels/fragments.hpp"

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

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800

#define GPT_LDMATRIX(variant, word, row)                                                     \
  asm volatile("ldmatrix.sync.aligned.m8n8.x4" variant ".shared.b16 {%0, %1, %2, %3}, [%4];" \
               : "=r"((word)[0]), "=r"((word)[1]), "=r"((word)[2]), "=r"((word)[3])          \
               : "r"(static_cast<unsigned>(__cvta_generic_to_shared(row)))                   \
               : "memory")

// [load]
/// Element (line, k) from tile[line · stride + k] in shared memory. Lane l says where row l % 8 of the block
/// of 8 × 8 number l / 8 begins, a multiple of 16 bytes; one instruction brings all four.
template <class Operand>
__device__ void load(Operand& x, const simt::bf16* tile, int stride) {
  const int block = threadIdx.x % 32 / 8, row = threadIdx.x % 8;
  GPT_LDMATRIX("", x.word, tile + (Operand::line(block) + row) * stride + Operand::k(block));
}
/// Element (line, k) from tile[k · stride + line]: the blocks are transposed on their way.
template <class Operand>
__device__ void load_across(Operand& x, const simt::bf16* tile, int stride) {
  const int block = threadIdx.x % 32 / 8, row = threadIdx.x % 8;
  GPT_LDMATRIX(".trans", x.word, tile + (Operand::k(block) + row) * stride + Operand::line(block));
}
// [/load]
#undef GPT_LDMATRIX

// [mma]
/// Columns 0 to 7 of the product, or 8 to 15.
__device__ inline void mma_half(float* sum, const LeftOperand& a, const unsigned* b) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
      : "r"(a.word[0]), "r"(a.word[1]), "r"(a.word[2]), "r"(a.word[3]), "r"(b[0]), "r"(b[1]));
}
/// sum += a · b
__device__ inline void mma(Sums16& sum, const LeftOperand& a, const RightOperand& b) {
  mma_half(sum.x, a, b.word);
  mma_half(sum.x + 4, a, b.word + 2);
}
// [/mma]

#else  // The SIMT machine. GPUs before sm_80 never get here.

template <class Operand>
__device__ void load(Operand& x, const simt::bf16* tile, int stride) {
  const int lane = threadIdx.x % 32;
  for (int i = 0; i < 4; ++i)
    x.word[i] = *reinterpret_cast<const unsigned*>(tile + (Operand::line(i) + lane / 4) * stride +
                                                   Operand::k(i) + lane % 4 * 2);
}

/// The words are read as they lie, two lines of one k, and then change lanes.
template <class Operand>
__device__ void load_across(Operand& x, const simt::bf16* tile, int stride) {
  const int lane = threadIdx.x % 32, from = lane % 4 * 8 + lane / 8, shift = lane / 4 % 2 * 16;
  for (int i = 0; i < 4; ++i) {
    const unsigned word = *reinterpret_cast<const unsigned*>(tile + (Operand::k(i) + lane / 4) * stride +
                                                             Operand::line(i) + lane % 4 * 2);
    const unsigned first = __shfl_sync(all_lanes, word, from);
    const unsigned second = __shfl_sync(all_lanes, word, from + 4);
    x.word[i] = (first >> shift & 0xffff) | second >> shift << 16;
  }
}

__device__ inline void mma([[maybe_unused]] Sums16& sum, [[maybe_unused]] const LeftOperand& a,
                           [[maybe_unused]] const RightOperand& b) {
#ifndef __CUDACC__
  // Chapter 06's fragments lie in the same order, but for the two middle words of the right one.
  LeftByRows left;
  RightByCols right;
  Sums sums;
  const unsigned right_words[] = {b.word[0], b.word[2], b.word[1], b.word[3]};
  std::memcpy(left.x, a.word, sizeof left.x);
  std::memcpy(right.x, right_words, sizeof right.x);
  std::memcpy(sums.x, sum.x, sizeof sums.x);
  simt::wmma::mma_sync(sums, left, right, sums);
  std::memcpy(sum.x, sums.x, sizeof sums.x);
#endif
}
#endif

}  // namespace gpt::KERNEL_SPACE
