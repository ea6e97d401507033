#pragma once
// Sums over all elements, and over the rows of a matrix. In a fixed order: the same bits in every run on the
// same GPU.

#include "07_cuda_kernels/seam.hpp"

namespace gpt {

constexpr int sum_rungs = 4;

// clang-format off
SIMT_ON_EVERY_MACHINE(
/// *result = the sum of x[0 … n), or of their squares (the square of the global norm). `result` is a device
/// pointer; x is f32 or bf16. Rung 0 adds with float atomics, in no fixed order.
void sum(double* result, DType type, const void* x, int64_t n, void* scratch, int rung = sum_rungs - 1,
         Stream stream = nullptr);
void sum_of_squares(double* result, DType type, const void* x, int64_t n, void* scratch, int rung = sum_rungs - 1,
                    Stream stream = nullptr);
/// *result = factor · the sum, in f32.
void scaled_sum(float* result, double factor, DType type, const void* x, int64_t n, void* scratch,
                Stream stream = nullptr);
/// Bytes of scratch memory that they need, whatever the rung.
size_t sum_scratch_bytes(int64_t n);

/// sums[c] += the sum over r of x[r, c]: a bias's gradient. x: (rows, columns) of `type`, sums: (columns) f32.
void add_column_sums(float* sums, DType type, const void* x, int64_t rows, int64_t columns, void* scratch,
                     Stream stream = nullptr);
size_t column_sums_scratch_bytes(int64_t rows, int64_t columns);
)
// clang-format on

}  // namespace gpt
