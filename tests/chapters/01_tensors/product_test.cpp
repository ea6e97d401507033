#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>

#include "01_tensors/elementwise.hpp"
#include "01_tensors/matmul.hpp"
#include "oracle.hpp"

namespace gpt {
namespace {

using oracle::error_of;
using oracle::random_tensor;

Tensor in_double(const Tensor& t) {
  return t.to(DType::f64);
}

/// The ways a matrix may lie in memory that product() takes.
enum class Layout { dense, columns, part_of_rows, part_of_columns };
constexpr Layout all_layouts[] = {Layout::dense, Layout::columns, Layout::part_of_rows,
                                  Layout::part_of_columns};

/// The same values, laid out so.
Tensor laid_out(const Tensor& t, Layout layout) {
  switch (layout) {
    case Layout::dense:
      return t.clone();
    case Layout::columns:
      return t.transpose(-1, -2).clone().transpose(-1, -2);
    case Layout::part_of_columns:
      return laid_out(t.transpose(-1, -2), Layout::part_of_rows).transpose(-1, -2);
    case Layout::part_of_rows:
      break;
  }
  Shape wider = t.shape();
  wider[-1] += 3;
  const Tensor part = Tensor::full(wider, 7, t.dtype()).slice(-1, 1, wider[-1] - 2);
  part.copy_from(t);
  return part;
}

/// What may be lost: sums of K products of numbers below 1 in f32, and the rounding of a bf16
/// result to eight bits.
double tolerance(const Tensor& out, const Tensor& expected, int64_t K) {
  double largest = 0;
  for (const double value : expected.contiguous().span<double>())
    largest = std::max(largest, std::abs(value));
  return 1e-6 * static_cast<double>(K + 1) + (out.dtype() == DType::bf16 ? largest / 256 : 0.0);
}

Shape with_batch(const Shape& batch, int64_t rows, int64_t columns) {
  return batch.with(batch.rank(), rows).with(batch.rank() + 1, columns);
}

class Product : public testing::TestWithParam<std::tuple<DType, DType, Shape>> {};

TEST_P(Product, AgreesWithDoublePrecisionForEveryLayoutAndSize) {
  const auto& [in, out_type, batch] = GetParam();
  size_t turn = 0;
  for (const auto& [M, K, N] : std::vector<std::array<int64_t, 3>>{
           {1, 1, 1}, {1, 3, 17}, {17, 65, 1}, {65, 17, 3}, {33, 129, 65}, {2050, 17, 33}}) {
    const Tensor a = random_tensor(with_batch(batch, M, K), in, 1);
    const Tensor b = random_tensor(with_batch(batch, K, N), in, 2);
    const Tensor expected = matmul(in_double(a), in_double(b));
    for (const Layout left : all_layouts)
      for (const Layout right : all_layouts) {
        const Layout result = all_layouts[turn++ % 3];  // three and sixteen: every one comes with every pair
        const Tensor out = laid_out(Tensor::full(expected.shape(), 99, out_type), result);
        product(laid_out(a, left), laid_out(b, right), out);
        ASSERT_LT(max_difference(out, expected), tolerance(out, expected, K))
            << M << "×" << K << "×" << N << ", layouts " << static_cast<int>(left) << static_cast<int>(right)
            << static_cast<int>(result);
      }
  }
}

TEST_P(Product, AddsBiasResidualAndWhatWasThere) {
  const auto& [in, out_type, batch] = GetParam();
  const int64_t M = 33, K = 17, N = 65;
  const Tensor a = random_tensor(with_batch(batch, M, K), in, 1),
               b = random_tensor(with_batch(batch, K, N), in, 2);
  const Tensor plain = matmul(in_double(a), in_double(b)), one = Tensor::scalar(1, DType::f64);
  for (const DType extra : {DType::f32, DType::bf16}) {
    const Tensor bias = random_tensor({N}, extra, 3), residual = random_tensor(plain.shape(), extra, 4);
    for (const Layout layout : all_layouts) {
      const Tensor added = laid_out(residual, layout);
      for (const bool accumulate : {false, true})
        for (const bool with_bias : {false, true})
          for (const bool with_residual : {false, true}) {
            Tensor expected = plain;
            if (accumulate) expected = expected + one;
            if (with_bias) expected = expected + in_double(bias);
            if (with_residual) expected = expected + in_double(residual);
            const Tensor out = Tensor::full(plain.shape(), 1, out_type);
            product(a, b, out,
                    {.bias = with_bias ? &bias : nullptr,
                     .residual = with_residual ? &added : nullptr,
                     .accumulate = accumulate});
            ASSERT_LT(max_difference(out, expected), tolerance(out, expected, K))
                << "bias " << with_bias << ", residual " << with_residual << " laid out "
                << static_cast<int>(layout) << ", accumulate " << accumulate << ", extras of "
                << name_of(extra);
          }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllTypes, Product,
                         testing::Combine(testing::Values(DType::f32, DType::bf16),
                                          testing::Values(DType::f32, DType::bf16),
                                          testing::Values(Shape{}, Shape{2, 3})),
                         [](const auto& types) {
                           return fmt::format("{}_to_{}_batch_rank_{}", std::get<0>(types.param),
                                              std::get<1>(types.param), std::get<2>(types.param).rank());
                         });

TEST(Products, TakeMixedTypes) {
  const Tensor a = random_tensor({5, 7}, DType::f32, 1), b = random_tensor({7, 3}, DType::bf16, 2),
               out({5, 3});
  product(a, b, out);
  EXPECT_LT(max_difference(out, matmul(in_double(a), in_double(b))), 1e-5);
}

TEST(Products, TakeBatchesInAnyOrderAndRepeatedMatrices) {
  const Tensor a = random_tensor({33, 3, 17}, DType::f32, 1).permute({1, 0, 2});  // heads inside of rows
  const Tensor b = random_tensor({17, 3, 5}, DType::f32, 2).permute({1, 0, 2});
  const Tensor out = Tensor({33, 3, 5}).permute({1, 0, 2});
  product(a, b, out);
  EXPECT_LT(max_difference(out, matmul(in_double(a), in_double(b))), 1e-5);
  const Tensor same = b.select(0, 1).expand({3, 17, 5});
  product(a, same, out);
  EXPECT_LT(max_difference(out, matmul(in_double(a), in_double(same))), 1e-5);
}

TEST(Products, DoNotDependOnTheNumberOfThreadsThatWasSetBefore) {
  const Tensor a = random_tensor({129, 65}, DType::f32, 1), b = random_tensor({65, 127}, DType::f32, 2);
  const Tensor expected = matmul(in_double(a), in_double(b));
  const int before = omp_get_max_threads();
  for (const int threads : {1, 3, 1, 2}) {
    omp_set_num_threads(threads);
    const Tensor out = Tensor::full({129, 127}, 99);
    product(a, b, out);
    EXPECT_LT(max_difference(out, expected), 1e-4) << threads << " threads";
  }
  omp_set_num_threads(before);
}

TEST(Products, OfNoRowsOrNoColumnsDoNothing) {
  const Tensor nothing({0, 3});
  product(Tensor({0, 2}), Tensor({2, 3}), nothing);
  product(Tensor({3, 2}), Tensor({2, 0}), Tensor({3, 0}));
  product(Tensor({0, 3, 2}), Tensor({0, 2, 3}), Tensor({0, 3, 3}));
}

TEST(Products, SayWhatDoesNotFit) {
  const Tensor a = Tensor::zeros({4, 6}), b = Tensor::zeros({6, 8}), out({4, 8});
  const auto expect_message = [](const std::string& message, const std::string& part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  expect_message(error_of([&] { product(a, a, out); }), "product of shapes (4, 6) and (4, 6) into (4, 8)");
  expect_message(error_of([&] { product(a, b, Tensor({8, 4})); }), "into (8, 4)");
  expect_message(error_of([&] {
                   product(a.expand({2, 4, 6}), b.expand({3, 6, 8}), Tensor({2, 4, 8}));
                 }),
                 "product of shapes (2, 4, 6) and (3, 6, 8)");
  expect_message(error_of([&] { product(Tensor({4, 0}), Tensor({0, 8}), out); }), "nothing to sum over");
  const Tensor sparse = Tensor::zeros({4, 6, 2}).select(2, 0);
  expect_message(error_of([&] { product(sparse, b, out); }), "shape (4, 6) with strides (12, 2)");
  const Tensor repeated = Tensor::zeros({1, 6}).expand({4, 6});
  expect_message(error_of([&] { product(repeated, b, out); }), "shape (4, 6) with strides (0, 1)");
  const Tensor whole({4, 6}, DType::i32);
  expect_message(error_of([&] { product(whole, b, out); }), "f32 or bf16, not i32");
  const Tensor short_bias = Tensor::zeros({4});
  expect_message(error_of([&] { product(a, b, out, {.bias = &short_bias}); }), "a bias of shape (4)");
  const Tensor spread_bias = Tensor::zeros({8, 2}).select(1, 0);
  expect_message(error_of([&] { product(a, b, out, {.bias = &spread_bias}); }), "strides (2)");
  expect_message(error_of([&] { product(a, b, out, {.residual = &b}); }), "a residual of shape (6, 8)");
  expect_message(error_of([&] { product(a, b, out, {.residual = &out}); }), "accumulate");
}

}  // namespace
}  // namespace gpt
