#include <algorithm>
#include <vector>

#include "01_tensors/matmul.hpp"

namespace gpt {
namespace {

constexpr int64_t tile_rows =
    6;  // a tile of C has 6 × 32 floats: twelve 512-bit registers, or 24 of 256 bits
constexpr int64_t tile_columns = 32;
constexpr int64_t block_k =
    256;  // a panel of B of 256 × 32 floats is 32 KB: it stays in the first-level cache

// [tile]
/// tile += A(rows × k) · panel(k × tile_columns), with the whole tile in registers.
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
  GPT_CHECK(a.size(1) == b.size(0) && c.shape() == (Shape{a.size(0), b.size(1)}), "matmul of {} and {}",
            a.shape(), b.shape());
  const int64_t M = a.size(0), K = a.size(1), N = b.size(1);
  const float *A = a.data<float>(), *B = b.data<float>();
  float* C = c.data<float>();
  std::fill(C, C + M * N, 0.0f);
  std::vector<float> panel(static_cast<size_t>(block_k * tile_columns));
  for (int64_t k0 = 0; k0 < K; k0 += block_k) {
    const int64_t k = std::min(block_k, K - k0);
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

}  // namespace gpt
