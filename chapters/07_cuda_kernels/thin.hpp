#pragma once
// Products of a matrix with a few rows or columns: what PowerSGD of chapter 13 needs. M: (n, m), and of the
// two thin matrices the rows: p (r, n) and q (r, m), all f32, in device memory. The same bits in every run on
// the same GPU. r is small: for each 4 of its rows M is read once.

#include "07_cuda_kernels/seam.hpp"

namespace gpt {

// clang-format off
SIMT_ON_EVERY_MACHINE(
/// p = q·Mᵀ, (r, n).
void thin_product(float* p, const float* matrix, const float* q, int64_t n, int64_t m, int64_t r,
                  Stream stream = nullptr);
/// q = p·M, (r, m). `scratch`: thin_scratch_bytes(n, m, r) of device memory.
void thin_product_across(float* q, const float* matrix, const float* p, int64_t n, int64_t m, int64_t r, void* scratch,
                         Stream stream = nullptr);
size_t thin_scratch_bytes(int64_t n, int64_t m, int64_t r);
/// M += factor · pᵀ·q
void add_thin_product(float* matrix, float factor, const float* p, const float* q, int64_t n, int64_t m, int64_t r,
                      Stream stream = nullptr);

/// Makes the rows of p (r, n) orthonormal by Gram and Schmidt's method, twice over each row. A row that depends on
/// those before becomes 0. One block does it: 20 r² n bytes pass through one multiprocessor.
void orthonormalise_rows(float* p, int64_t n, int64_t r, Stream stream = nullptr);
/// Those rows of q (r, m) become the rows of `from` that are neither zero nor hold a NaN.
void copy_rows_unless_zero(float* q, const float* from, int64_t m, int64_t r, Stream stream = nullptr);
)
// clang-format on

}  // namespace gpt
