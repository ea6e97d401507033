#include "exercises/03_optimizers/lion.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace gpt {
namespace {

TEST(LionStep, IsAsLongForEveryGradient) {
  std::vector<float> x{1.0f, 1.0f, 1.0f}, m{0.0f, 0.0f, 0.0f};
  lion_step(x, std::vector<float>{1000.0f, -0.001f, 0.0f}, m, 0.1f, 0.9f, 0.99f, 0.0f);
  EXPECT_FLOAT_EQ(x[0], 0.9f) << "the step is the sign of c, whatever its size";
  EXPECT_FLOAT_EQ(x[1], 1.1f);
  EXPECT_FLOAT_EQ(x[2], 1.0f) << "sign(0) is 0: a parameter without a gradient stays";
}

TEST(LionStep, MixesTheOldMeanWithBeta1AndKeepsItWithBeta2) {
  std::vector<float> x{0.0f}, m{1.0f};
  lion_step(x, std::vector<float>{-5.0f}, m, 0.1f, 0.9f, 0.99f, 0.0f);
  EXPECT_FLOAT_EQ(x[0], -0.1f)
      << "c = 0.9 · 1 + 0.1 · (-5) = 0.4 is positive. With the mean as beta2 renews it, 0.94, it "
         "would be, too; with the gradient alone it would not";
  EXPECT_FLOAT_EQ(m[0], 0.94f) << "m = 0.99 · 1 + 0.01 · (-5)";
  lion_step(x, std::vector<float>{-9.0f}, m, 0.1f, 0.9f, 0.99f, 0.0f);
  EXPECT_FLOAT_EQ(x[0], 0.0f)
      << "c = 0.9 · 0.94 - 0.9 = -0.054 is negative: is c mixed with beta1, from the mean as it was "
         "before this step?";
}

TEST(LionStep, ShrinksTheParametersThemselves) {
  std::vector<float> x{2.0f}, m{0.0f};
  lion_step(x, std::vector<float>{0.0f}, m, 0.1f, 0.9f, 0.99f, 0.25f);
  EXPECT_FLOAT_EQ(x[0], 1.95f)
      << "2 - 0.1 · 0.25 · 2: the decay is outside of the sign, as AdamW's is outside of the mean";
}

}  // namespace
}  // namespace gpt
