#pragma once
// The kernels that the chapter's program shows, for each machine. All pointers are device pointers.

#include "06_simt/simt.hpp"

namespace gpt {

// clang-format off
SIMT_ON_EVERY_MACHINE(
/// out[i] = 100 · block + thread, for the i < n.
void number_threads(int blocks, int threads, int n, int* out);
/// The threads of a block write their numbers, wait, and write them again plus 100, each behind the last one's.
void log_barrier(int threads, int* log, int* length);
/// The sum of 32 numbers in five shuffles; out: (6, 32), what each lane holds before and after each.
void butterfly(const int* x, int* out);
/// Every second group of threads takes the other branch; the group is 1 or 32 threads. n is a multiple of 64.
/// masks[warp]: which lanes took the first branch.
void branches(int group, int n, const float* x, float* out, unsigned* masks);
/// out[t] = x[63 - t], through shared memory; without the barrier if `forget`.
void reverse(bool forget, const int* x, int* out);
/// A (32, 32) matrix and its transpose, through a tile whose rows have 0 or 1 elements more than they need.
void transpose(int padding, const float* x, float* out);
/// out[i] = x[offset + i · stride] for 256 i.
void strided(int offset, int stride, const float* x, float* out);
/// Copies 1024 floats, four by one load and one store.
void copy_quads(const float* x, float* out);
/// Makes one of four mistakes: 0 an index off by one, 1 a barrier in a branch, 2 a shuffle from a lane that has
/// returned, 3 shared memory that nobody has written.
void blunder(int which, int n, const float* x, float* out);
/// `rounds` times a barrier, or a shuffle.
void many_barriers(int blocks, int threads, int rounds);
void many_shuffles(int blocks, int threads, int rounds, float* out);
void matmul(int n, const float* a, const float* b, float* c);
void softmax(int rows, int cols, const float* x, float* out);
)
// clang-format on

}  // namespace gpt
