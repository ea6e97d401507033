#include "03_optimizers/clipping.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "01_tensors/philox.hpp"

namespace gpt {
namespace {

Tensor random_gradients(int64_t n, double scale) {
  const RandomStream random(3, RandomUse::example);
  const Tensor g({n});
  for (int64_t i = 0; i < n; ++i)
    g.data<float>()[i] = static_cast<float>(scale * random.normal(static_cast<uint64_t>(i)));
  return g;
}

TEST(GlobalNorm, IsTheLengthOfTheVector) {
  EXPECT_DOUBLE_EQ(global_norm(Tensor::from(std::vector<float>{3, 0, 4}, {3})), 5.0);
  EXPECT_EQ(global_norm(Tensor::zeros({7})), 0.0);
}

TEST(GlobalNorm, LosesNothingInALongSum) {
  // In f32 the running sum would stop growing at 2^24 ones.
  const int64_t n = (int64_t{1} << 24) + 4096;
  EXPECT_DOUBLE_EQ(global_norm(Tensor::full({1}, 1.0).expand({n})), std::sqrt(static_cast<double>(n)));
  // In f32 the square of 1e30 is infinite.
  EXPECT_NEAR(global_norm(Tensor::full({4}, 1e30)) / 2e30, 1.0, 1e-6);
}

TEST(Clipping, KeepsTheDirectionAndBoundsTheNorm) {
  const Tensor g = random_gradients(1000, 5.0), before = g.clone();
  const double norm = clip_gradients(g, 1.0);
  EXPECT_DOUBLE_EQ(norm, global_norm(before));
  EXPECT_GT(norm, 100.0);
  EXPECT_LE(global_norm(g), 1.0 + 1e-6);
  EXPECT_GE(global_norm(g), 1.0 - 1e-6);
  EXPECT_LT(max_difference(g * norm, before), 1e-5);
}

TEST(Clipping, LeavesSmallGradientsBitForBitAlone) {
  const Tensor g = random_gradients(1000, 1e-3), before = g.clone();
  clip_gradients(g, 1.0);
  EXPECT_EQ(std::memcmp(g.bytes_data(), before.bytes_data(), static_cast<size_t>(g.bytes())), 0);
}

TEST(Clipping, LeavesZeroGradientsZero) {
  const Tensor g = Tensor::zeros({10});
  EXPECT_EQ(clip_gradients(g, 1.0), 0.0);
  EXPECT_EQ(global_norm(g), 0.0);
}

TEST(Clipping, ReportsANormThatIsNotFinite) {
  const double nan = std::numeric_limits<double>::quiet_NaN(),
               infinity = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(std::isnan(clip_gradients(Tensor::full({2}, nan), 1.0)));
  EXPECT_TRUE(std::isinf(clip_gradients(Tensor::full({2}, infinity), 1.0)));
  EXPECT_TRUE(std::isnan(clip_factor(nan, 1.0)));
}

TEST(Clipping, RefusesABoundOfZero) {
  EXPECT_THROW(clip_gradients(Tensor::zeros({1}), 0.0), Error);
}

}  // namespace
}  // namespace gpt
