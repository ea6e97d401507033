// Products with a few rows: those of plain loops in f64; and rows that are made orthonormal.

#include "07_cuda_kernels/thin.hpp"

#include <cmath>
#include <limits>

#include "kernel_test.hpp"

namespace gpt {
namespace {

using simt::DeviceArray;
using Floats = std::vector<float>;

Floats numbers(int64_t n, uint64_t seed) {
  const RandomStream random(seed, RandomUse::example);
  Floats x(static_cast<size_t>(n));
  for (size_t i = 0; i < x.size(); ++i) x[i] = random.normal(i);
  return x;
}

struct Size {
  int64_t n, m, r;
};
constexpr Size sizes[] = {{1, 1, 1}, {40, 30, 4}, {33, 150, 5}, {130, 33, 2}, {5, 129, 16}, {4200, 3, 1}};

double at(const Floats& x, int64_t row, int64_t column, int64_t columns) {
  return x[static_cast<size_t>(row * columns + column)];
}

/// Within a few roundings of a sum of `terms` terms.
void expect_near(const Floats& got, const std::vector<double>& wanted, int64_t terms) {
  ASSERT_EQ(got.size(), wanted.size());
  const double bound = 1e-6 * static_cast<double>(terms) + 1e-6;
  for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], wanted[i], bound) << i;
}

/// What the three products make of the same numbers.
struct Products {
  Floats p, q, matrix;
  explicit Products(const Size& s) {
    const auto& [n, m, r] = s;
    const DeviceArray<float> in(numbers(n * m, 1)), thin_p(numbers(r * n, 2)), thin_q(numbers(r * m, 3)),
        out_p(static_cast<size_t>(r * n)), out_q(static_cast<size_t>(r * m));
    const DeviceArray<std::byte> scratch(kernels::thin_scratch_bytes(n, m, r));
    kernels::thin_product(out_p.data(), in.data(), thin_q.data(), n, m, r);
    kernels::thin_product_across(out_q.data(), in.data(), thin_p.data(), n, m, r, scratch.data());
    kernels::add_thin_product(in.data(), -0.5f, thin_p.data(), thin_q.data(), n, m, r);
    p = out_p.host(), q = out_q.host(), matrix = in.host();
  }
};

class Thin : public KernelTest {};

TEST_P(Thin, ProductsAreThoseOfPlainLoops) {
  for (const Size& s : sizes) {
    const auto& [n, m, r] = s;
    const Floats matrix = numbers(n * m, 1), p = numbers(r * n, 2), q = numbers(r * m, 3);
    std::vector<double> of_q(static_cast<size_t>(r * n)), of_p(static_cast<size_t>(r * m)),
        sum(matrix.begin(), matrix.end());
    for (int64_t k = 0; k < r; ++k)
      for (int64_t i = 0; i < n; ++i)
        for (int64_t j = 0; j < m; ++j) {
          of_q[static_cast<size_t>(k * n + i)] += at(matrix, i, j, m) * at(q, k, j, m);
          of_p[static_cast<size_t>(k * m + j)] += at(matrix, i, j, m) * at(p, k, i, n);
          sum[static_cast<size_t>(i * m + j)] -= 0.5 * at(p, k, i, n) * at(q, k, j, m);
        }
    const Products got(s);
    SCOPED_TRACE(fmt::format("{} × {}, {} rows", n, m, r));
    expect_near(got.p, of_q, m);
    expect_near(got.q, of_p, n);
    expect_near(got.matrix, sum, r);
#ifndef SIMT_USE_CUDA
    const simt::ScopedOptions other({.workers = 2, .order = simt::Order::random});
    const Products again(s);
    EXPECT_TRUE(again.p == got.p && again.q == got.q && again.matrix == got.matrix) << "other bits";
#endif
  }
}

TEST_P(Thin, RowsBecomeOrthonormalAndSpanTheSame) {
  for (const auto& [n, r] : {std::pair<int64_t, int64_t>{5, 3}, {700, 4}, {1300, 6}}) {
    Floats before = numbers(n * r, 1);
    for (int64_t i = 0; i < n; ++i)  // row 2 depends on the two before it
      before[static_cast<size_t>(2 * n + i)] =
          3 * before[static_cast<size_t>(i)] - before[static_cast<size_t>(n + i)];
    const DeviceArray<float> rows(before);
    kernels::orthonormalise_rows(rows.data(), n, r);
    const Floats p = rows.host();
    const auto dot = [&](const Floats& x, int64_t a, const Floats& y, int64_t b) {
      double sum = 0;
      for (int64_t i = 0; i < n; ++i) sum += at(x, a, i, n) * at(y, b, i, n);
      return sum;
    };
    for (int64_t a = 0; a < r; ++a) {
      for (int64_t b = 0; b < r; ++b)
        ASSERT_NEAR(dot(p, a, p, b), a == b && a != 2 ? 1 : 0, 1e-6) << a << " " << b;
      double within = 0;  // the square of what of row a lies among rows 0 … a
      for (int64_t b = 0; b <= a; ++b) within += std::pow(dot(before, a, p, b), 2);
      ASSERT_NEAR(within / dot(before, a, before, a), 1, 1e-5) << a;
    }
  }
}

TEST_P(Thin, RowsOfZerosAndNaNsAreNotCopied) {
  constexpr int64_t m = 600, r = 4;
  Floats from = numbers(m * r, 1), wanted = numbers(m * r, 2);
  std::fill_n(from.begin() + m, m, 0.0f);
  from[2 * m + 7] = std::numeric_limits<float>::quiet_NaN();
  const DeviceArray<float> q(wanted), there(from);
  kernels::copy_rows_unless_zero(q.data(), there.data(), m, r);
  std::copy_n(from.begin(), m, wanted.begin());
  std::copy_n(from.begin() + 3 * m, m, wanted.begin() + 3 * m);
  EXPECT_EQ(q.host(), wanted);
}

INSTANTIATE_TEST_SUITE_P(Orders, Thin, every_order());

}  // namespace
}  // namespace gpt
