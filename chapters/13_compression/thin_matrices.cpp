#include "13_compression/thin_matrices.hpp"

#include <algorithm>
#include <cmath>

namespace gpt {
namespace {

double dot(const float* a, const float* b, int64_t n) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) sum += double{a[i]} * b[i];
  return sum;
}

/// y += factor · x
void add_scaled(float* y, float factor, const float* x, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] += factor * x[i];
}

/// y += factor · Σ a[k · apart] · (row k of x), for `count` rows: four of them in one pass over y.
void add_rows(float* y, float factor, const float* a, int64_t apart, const float* x, int64_t count,
              int64_t n) {
  int64_t k = 0;
  for (; k + 4 <= count; k += 4, a += 4 * apart, x += 4 * n) {
    const float a0 = factor * a[0], a1 = factor * a[apart], a2 = factor * a[2 * apart],
                a3 = factor * a[3 * apart];
    for (int64_t i = 0; i < n; ++i) y[i] += a0 * x[i] + a1 * x[n + i] + a2 * x[2 * n + i] + a3 * x[3 * n + i];
  }
  for (; k < count; ++k, a += apart, x += n) add_scaled(y, factor * *a, x, n);
}

/// The length of a row of a thin matrix of r rows.
int64_t length(std::span<const float> thin, int64_t r) {
  return static_cast<int64_t>(thin.size()) / r;
}

}  // namespace

// [products]
void HostThinMatrices::multiply(std::span<float> p, std::span<const float> matrix, std::span<const float> q,
                                int64_t r) const {
  const int64_t n = length(p, r), m = length(q, r);
  for (int64_t i = 0; i < n; ++i)
    for (int64_t k = 0; k < r; ++k) {
      const float *row = matrix.data() + i * m, *column = q.data() + k * m;
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t j = 0; j < m; ++j) sum += row[j] * column[j];
      p[static_cast<size_t>(k * n + i)] = sum;
    }
}

/// Four rows of M at a time.
void HostThinMatrices::multiply_across(std::span<float> q, std::span<const float> matrix,
                                       std::span<const float> p, int64_t r) const {
  const int64_t n = length(p, r), m = length(q, r);
  std::ranges::fill(q, 0.0f);
  for (int64_t i = 0; i < n; i += 4)
    for (int64_t k = 0; k < r; ++k)
      add_rows(q.data() + k * m, 1.0f, p.data() + k * n + i, 1, matrix.data() + i * m,
               std::min<int64_t>(4, n - i), m);
}

void HostThinMatrices::add_product(std::span<float> matrix, float factor, std::span<const float> p,
                                   std::span<const float> q, int64_t r) const {
  const int64_t n = length(p, r), m = length(q, r);
  for (int64_t i = 0; i < n; ++i) add_rows(matrix.data() + i * m, factor, p.data() + i, n, q.data(), r, m);
}
// [/products]

// [orthonormalise]
void HostThinMatrices::orthonormalise(std::span<float> p, int64_t r) const {
  const int64_t n = length(p, r);
  for (int64_t k = 0; k < r; ++k) {
    float* row = p.data() + k * n;
    const double before = std::sqrt(dot(row, row, n));
    for (int pass = 0; pass < 2; ++pass)
      for (int64_t j = 0; j < k; ++j)
        add_scaled(row, static_cast<float>(-dot(row, p.data() + j * n, n)), p.data() + j * n, n);
    const double after = std::sqrt(dot(row, row, n));
    const bool independent = !(after <= 1e-5 * before);  // what is less is rounding; a NaN goes on
    const auto factor = independent ? static_cast<float>(1 / after) : 0.0f;
    for (int64_t i = 0; i < n; ++i) row[i] = independent ? row[i] * factor : 0.0f;
  }
}
// [/orthonormalise]

void HostThinMatrices::copy_unless_zero(std::span<float> q, std::span<const float> from, int64_t r) const {
  const int64_t m = length(q, r);
  for (int64_t k = 0; k < r; ++k)
    if (const float* row = from.data() + k * m; dot(row, row, m) > 0) std::copy_n(row, m, q.data() + k * m);
}

}  // namespace gpt
