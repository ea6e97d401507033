#include "01_tensors/matmul.hpp"

#include <gtest/gtest.h>

#include "01_tensors/elementwise.hpp"
#include "01_tensors/philox.hpp"

namespace gpt {
namespace {

/// Uniform in [-1, 1).
Tensor random_tensor(const Shape& shape, DType dtype, uint64_t stream) {
  Tensor t(shape, DType::f64);
  const RandomStream random(1, RandomUse::example, stream);
  for (int64_t i = 0; i < t.elements(); ++i)
    t.data<double>()[i] = 2.0 * random.uniform(static_cast<uint64_t>(i)) - 1.0;
  return t.to(dtype);
}

TEST(Matmul, EveryRungAgreesWithTheProductInDoublePrecision) {
  for (const auto& [M, K, N] :
       std::vector<std::array<int64_t, 3>>{{1, 1, 1}, {3, 5, 7}, {33, 257, 65}, {64, 64, 64}}) {
    const Tensor a = random_tensor({M, K}, DType::f32, 1), b = random_tensor({K, N}, DType::f32, 2);
    const Tensor expected = matmul(a.to(DType::f64), b.to(DType::f64));
    for (const MatmulRung& rung : matmul_ladder()) {
      const Tensor c({M, N});
      rung.run(a, b, c);
      EXPECT_LT(max_difference(c, expected), 1e-6 * static_cast<double>(K))
          << rung.name << " at " << M << "×" << K << "×" << N;
    }
  }
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

TEST(Product, TakesTransposedViewsBiasResidualAndAccumulates) {
  for (const DType in : {DType::f32, DType::bf16}) {
    const Tensor a = random_tensor({40, 24}, in, 1), b = random_tensor({16, 24}, in, 2).transpose(0, 1);
    const Tensor bias = random_tensor({16}, DType::f32, 3), residual = random_tensor({40, 16}, DType::f32, 4);
    const Tensor plain = matmul(a.to(DType::f64), b.to(DType::f64));
    Tensor out({40, 16});
    product(a, b, out);
    EXPECT_LT(max_difference(out, plain), 1e-5);
    product(a, b, out, {.bias = &bias, .residual = &residual});
    EXPECT_LT(max_difference(out, plain + bias.to(DType::f64) + residual.to(DType::f64)), 1e-5);
    out.fill(1.0);
    product(a, b, out, {.accumulate = true});
    EXPECT_LT(max_difference(out, plain + Tensor::scalar(1.0, DType::f64)), 1e-5);
    const Tensor weight_gradient({24, 24});
    product(a.transpose(0, 1), a, weight_gradient);
    EXPECT_LT(max_difference(weight_gradient, matmul(a.to(DType::f64).transpose(0, 1), a.to(DType::f64))),
              1e-4);
  }
}

}  // namespace
}  // namespace gpt
