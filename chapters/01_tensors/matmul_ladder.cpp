// The rungs of the ladder that are written by hand: the same multiplications and additions in three orders.

#include <algorithm>
#include <vector>

#include "01_tensors/matmul.hpp"

namespace gpt {
namespace {

struct Sizes {
  int64_t M, K, N;
};

Sizes sizes_of(const Tensor& a, const Tensor& b, const Tensor& c) {
  GPT_CHECK(a.rank() == 2 && b.rank() == 2 && a.size(1) == b.size(0), "matmul of shapes {} and {}", a.shape(),
            b.shape());
  GPT_CHECK_EQ(c.shape(), (Shape{a.size(0), b.size(1)}));
  return {a.size(0), a.size(1), b.size(1)};
}

}  // namespace

// [naive]
void matmul_naive(const Tensor& a, const Tensor& b, const Tensor& c) {
  const auto [M, K, N] = sizes_of(a, b, c);
  const float *A = a.span<float>().data(), *B = b.span<float>().data();
  float* C = c.span<float>().data();
  for (int64_t i = 0; i < M; ++i)
    for (int64_t j = 0; j < N; ++j) {
      float sum = 0;
      for (int64_t k = 0; k < K; ++k) sum += A[i * K + k] * B[k * N + j];
      C[i * N + j] = sum;
    }
}
// [/naive]

// [reordered]
void matmul_reordered(const Tensor& a, const Tensor& b, const Tensor& c) {
  const auto [M, K, N] = sizes_of(a, b, c);
  const float *A = a.span<float>().data(), *B = b.span<float>().data();
  float* C = c.span<float>().data();
  for (int64_t i = 0; i < M; ++i) {
    for (int64_t j = 0; j < N; ++j) C[i * N + j] = 0;
    for (int64_t k = 0; k < K; ++k) {
      const float factor = A[i * K + k];
      for (int64_t j = 0; j < N; ++j) C[i * N + j] += factor * B[k * N + j];
    }
  }
}
// [/reordered]

namespace {

// [tile]
// A tile of C has 6 × 32 floats: twelve registers of 512 bits, or 24 of 256. A panel of B has 256 × 32
// floats: 32 KB, which stay in the first-level cache.
constexpr int64_t tile_rows = 6, tile_columns = 32, panel_rows = 256;

/// C += A(rows × k) · panel(k × tile_columns), with the whole tile of C in registers.
/// Only its first `columns` columns are kept.
template <int64_t rows>
void multiply_tile(const float* A, int64_t lda, const float* panel, int64_t k, float* C, int64_t ldc,
                   int64_t columns) {
  float tile[rows][tile_columns] = {};
  for (int64_t p = 0; p < k; ++p)
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < tile_columns; ++j) tile[i][j] += A[i * lda + p] * panel[p * tile_columns + j];
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) C[i * ldc + j] += tile[i][j];
}
// [/tile]

}  // namespace

// [blocked]
void matmul_blocked(const Tensor& a, const Tensor& b, const Tensor& c) {
  const auto [M, K, N] = sizes_of(a, b, c);
  const float *A = a.span<float>().data(), *B = b.span<float>().data();
  float* C = c.span<float>().data();
  std::fill(C, C + M * N, 0.0f);
  std::vector<float> panel(static_cast<size_t>(panel_rows * tile_columns));
  for (int64_t k0 = 0; k0 < K; k0 += panel_rows) {
    const int64_t k = std::min(panel_rows, K - k0);
    for (int64_t j0 = 0; j0 < N; j0 += tile_columns) {
      const int64_t columns = std::min(tile_columns, N - j0);
      // Pack the panel: the inner loop then reads it from end to end. Missing columns are zeros.
      for (int64_t p = 0; p < k; ++p)
        for (int64_t j = 0; j < tile_columns; ++j)
          panel[static_cast<size_t>(p * tile_columns + j)] = j < columns ? B[(k0 + p) * N + j0 + j] : 0.0f;
      int64_t i = 0;
      for (; i + tile_rows <= M; i += tile_rows)
        multiply_tile<tile_rows>(A + i * K + k0, K, panel.data(), k, C + i * N + j0, N, columns);
      for (; i < M; ++i) multiply_tile<1>(A + i * K + k0, K, panel.data(), k, C + i * N + j0, N, columns);
    }
  }
}
// [/blocked]

const std::vector<MatmulRung>& matmul_ladder() {
  static const std::vector<MatmulRung> ladder{
      {"naive", matmul_naive, "three loops, as the formula is written"},
      {"reordered", matmul_reordered, "the inner loop runs along rows"},
      {"blocked", matmul_blocked, "a tile of C in registers, a panel of B in the cache"},
      {"Eigen", matmul_eigen, "a library of templates", true},
      {"oneDNN", matmul_onednn, "code generated while the program runs", true},
  };
  return ladder;
}

}  // namespace gpt
