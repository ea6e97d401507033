#pragma once
// A small matrix product for operands that lie in the cache: what attention multiplies with.

#include <algorithm>
#include <cstdint>

#include "05_gpt/cpu_vector.hpp"

namespace gpt::cpu {

inline constexpr int64_t panel = 2 * lanes;  ///< columns of one tile

inline int64_t round_up(int64_t n, int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

// [tile]
/// C (rows × 32) (+)= A (rows × K) · B (K × 32). A may have any strides; rows of B and C are dense. While k
/// runs, the whole tile of C stays in registers, and each element of A that is loaded meets two registers of
/// B.
template <int rows>
void multiply_tile(const float* A, int64_t a_row, int64_t a_k, const float* B, int64_t b_row, int64_t K,
                   float* C, int64_t c_row, bool add) {
  Vector sum[rows][2] = {};
  for (int64_t k = 0; k < K; ++k) {
    const Vector b0 = *reinterpret_cast<const Vector*>(B + k * b_row);
    const Vector b1 = *reinterpret_cast<const Vector*>(B + k * b_row + lanes);
    for (int i = 0; i < rows; ++i) {
      sum[i][0] += A[i * a_row + k * a_k] * b0;
      sum[i][1] += A[i * a_row + k * a_k] * b1;
    }
  }
  for (int i = 0; i < rows; ++i)
    for (int half = 0; half < 2; ++half) {
      auto& c = *reinterpret_cast<Vector*>(C + i * c_row + half * lanes);
      c = add ? c + sum[i][half] : sum[i][half];
    }
}
// [/tile]

/// One operand of multiply_panels(): element (i, k) lies at data[i · row + k · column].
struct MatrixView {
  const float* data;
  int64_t row;
  int64_t column;
};

/// C (M × N) (+)= A (M × K) · B (K × N), where N is a multiple of 32 and rows of B and C are dense.
inline void multiply_panels(int64_t M, int64_t N, int64_t K, MatrixView A, const float* B, int64_t b_row,
                            float* C, int64_t c_row, bool add) {
  constexpr int tile_rows = 8;  // 8 × 2 registers for C leave the others for A and B
  for (int64_t j = 0; j < N; j += panel) {
    int64_t i = 0;
    const auto run = [&]<int rows>() {
      multiply_tile<rows>(A.data + i * A.row, A.row, A.column, B + j, b_row, K, C + i * c_row + j, c_row,
                          add);
      i += rows;
    };
    while (i + tile_rows <= M) run.template operator()<tile_rows>();
    while (i + 4 <= M) run.template operator()<4>();
    while (i < M) run.template operator()<1>();
  }
}

}  // namespace gpt::cpu
