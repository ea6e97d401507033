#include "01_tensors/matmul.hpp"

#include <gtest/gtest.h>

#include "01_tensors/elementwise.hpp"
#include "oracle.hpp"

namespace gpt {
namespace {

using oracle::element;
using oracle::random_tensor;

TEST(Matmul, OfAnyStridesIsTheSumOfProducts) {
  oracle::Dice dice(1);
  for (int trial = 0; trial < 100; ++trial) {
    const int64_t M = dice.roll(0, 6), K = dice.roll(0, 6), N = dice.roll(0, 6);
    Tensor a = random_tensor({K, M}, DType::f64, 1).transpose(0, 1);
    Tensor b = random_tensor({K, 2 * N}, DType::f64, 2).slice(1, N, 2 * N);
    if (dice.roll(0, 1) == 0) a = a.contiguous();
    if (dice.roll(0, 1) == 0) b = b.contiguous();
    const Tensor c = matmul(a, b);
    ASSERT_EQ(c.shape(), (Shape{M, N}));
    for (int64_t i = 0; i < M; ++i)
      for (int64_t j = 0; j < N; ++j) {
        double expected = 0;
        for (int64_t k = 0; k < K; ++k) expected += element(a, {i, k}) * element(b, {k, j});
        ASSERT_NEAR(element(c, {i, j}), expected, 1e-14);
      }
  }
}

TEST(Matmul, EveryRungAgreesWithTheProductInDoublePrecision) {
  for (const auto& [M, K, N] : std::vector<std::array<int64_t, 3>>{
           {1, 1, 1}, {3, 5, 7}, {6, 256, 32}, {7, 257, 33}, {17, 1, 65}, {33, 513, 65}, {64, 64, 64}}) {
    const Tensor a = random_tensor({M, K}, DType::f32, 1), b = random_tensor({K, N}, DType::f32, 2);
    const Tensor expected = matmul(a.to(DType::f64), b.to(DType::f64));
    for (const MatmulRung& rung : matmul_ladder()) {
      const Tensor c = Tensor::full({M, N}, 99);
      rung.run(a, b, c);
      EXPECT_LT(max_difference(c, expected), 1e-6 * static_cast<double>(K))
          << rung.name << " at " << M << "×" << K << "×" << N;
    }
  }
}

TEST(Matmul, EveryRungRefusesShapesThatDoNotFit) {
  for (const MatmulRung& rung : matmul_ladder()) {
    EXPECT_THROW(rung.run(Tensor({2, 3}), Tensor({2, 3}), Tensor({2, 3})), Error) << rung.name;
    EXPECT_THROW(rung.run(Tensor({2, 3}), Tensor({3, 4}), Tensor({2, 3})), Error) << rung.name;
    EXPECT_THROW(rung.run(Tensor({3}), Tensor({3, 4}), Tensor({4})), Error) << rung.name;
  }
  EXPECT_NE(oracle::error_of([] {
              matmul(Tensor({2, 3}), Tensor({2, 3}));
            }).find("matmul of shapes (2, 3) and (2, 3)"),
            std::string::npos);
}

TEST(Matmul, LeadingDimensionsBroadcast) {
  const Tensor a = random_tensor({2, 1, 3, 4}, DType::f64, 1), b = random_tensor({5, 4, 2}, DType::f64, 2);
  const Tensor c = matmul(a, b);
  ASSERT_EQ(c.shape(), (Shape{2, 5, 3, 2}));
  for (int64_t i = 0; i < 2; ++i)
    for (int64_t j = 0; j < 5; ++j)
      EXPECT_LT(
          max_difference(c.select(0, i).select(0, j), matmul(a.select(0, i).select(0, 0), b.select(0, j))),
          1e-12);
}

}  // namespace
}  // namespace gpt
