#pragma once
// Kernels with nothing wrong in them, each of another kind. All pointers are device pointers.

#include "06_simt/simt.hpp"

namespace gpt::KERNEL_SPACE {

void add(int n, const float* x, const float* y, float* out);
/// Sum of n numbers: float4 loads, shuffles, shared memory; one block.
void sum(int n, const float* x, float* out);
/// Softmax of each row; a block per row, reductions in shared memory.
void softmax(int rows, int cols, const float* x, float* out);
/// (m, k) · (k, n) in tiles of 32 × 32.
void matmul(int m, int n, int k, const float* a, const float* b, float* c);
/// In tiles of 64 × 64, 4 × 4 results per thread, float4: m and n are multiples of 64, k of 16.
void matmul_blocked(int m, int n, int k, const float* a, const float* b, float* c);
/// Attention of one query tile after the other with a running softmax; (heads, length, 64); dynamic shared
/// memory.
void attention(int heads, int length, const float* q, const float* k, const float* v, float* out,
               bool causal);
/// How often each of `bins` values occurs: atomics in shared and global memory.
void histogram(int n, const int* x, int bins, int* counts);
/// Running sums within blocks of 128: __syncwarp between lanes of one warp, through shared memory.
void scan(int n, const int* x, int* out);
/// Sums of half warps, each half with a mask of its own, in branches of their own.
void half_warp_sums(int n, const int* x, int* out);
/// (n, n) → its transpose, through a padded tile; n is a multiple of 32.
void transpose(int n, const float* x, float* out);
/// x = factor · x + term, in this stream.
void scale(cudaStream_t stream, int n, float factor, float term, float* x);

}  // namespace gpt::KERNEL_SPACE
