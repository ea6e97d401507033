#include "exercises/03_optimizers/nesterov.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace gpt {
namespace {

TEST(NesterovStep, ByHand) {
  std::vector<float> x{1.0f}, v{0.5f};
  nesterov_step(x, std::vector<float>{2.0f}, v, 0.1f, 0.9f);
  EXPECT_FLOAT_EQ(v[0], 2.45f) << "v = 0.9 · 0.5 + 2";
  EXPECT_FLOAT_EQ(x[0], 1.0f - 0.1f * (2.0f + 0.9f * 2.45f))
      << "x = 1 - 0.1 (2 + 0.9 · 2.45). 0.755 is plain momentum; 0.755 + … comes of the old velocity";
}

TEST(NesterovStep, WithoutMomentumIsGradientDescent) {
  std::vector<float> x{1.0f, -2.0f}, v{0.0f, 0.0f};
  nesterov_step(x, std::vector<float>{0.5f, 4.0f}, v, 0.1f, 0.0f);
  EXPECT_FLOAT_EQ(x[0], 0.95f);
  EXPECT_FLOAT_EQ(x[1], -2.4f);
}

TEST(NesterovStep, OvershootsLessThanPlainMomentum) {
  // f(x) = 50 x², from x = 1. Plain momentum swings to -0.97 with these numbers.
  std::vector<float> x{1.0f}, v{0.0f};
  float lowest = 1.0f;
  for (int step = 0; step < 200; ++step) {
    nesterov_step(x, std::vector<float>{100.0f * x[0]}, v, 0.001f, 0.95f);
    lowest = std::min(lowest, x[0]);
  }
  EXPECT_GT(lowest, -0.75f) << "it swings to " << lowest
                            << ": does the step look ahead, to where the new velocity leads?";
  EXPECT_NEAR(x[0], 0.0f, 0.01f);
}

}  // namespace
}  // namespace gpt
