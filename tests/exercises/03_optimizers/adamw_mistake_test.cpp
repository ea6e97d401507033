#include "exercises/03_optimizers/adamw_mistake.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace gpt {
namespace {

TEST(AdamWStep, BeginsWithTheRate) {
  // Without decay the first step is rate · g / (|g| + epsilon): the rate, whatever the gradient.
  for (const double gradient : {0.001, 1.0, 50.0}) {
    std::vector<double> x{1.0}, m{0.0}, v{0.0};
    adamw_step(x, std::vector{gradient}, m, v, 1, 0.1, {.weight_decay = 0.0});
    EXPECT_NEAR(x[0], 0.9, 1e-5) << "with the gradient " << gradient
                                 << ": the bias corrections of step 1 are 1 - beta1 and "
                                 << "1 - beta2; 1 - beta^0 would be 0";
  }
}

TEST(AdamWStep, ShrinksTheParameterAndNotTheGradient) {
  std::vector<double> x{10.0}, m{0.0}, v{0.0};
  adamw_step(x, std::vector{0.0}, m, v, 1, 0.1, {.weight_decay = 0.5});
  EXPECT_NEAR(x[0], 9.5, 1e-12)
      << "without a gradient x shrinks by rate · decay · x = 0.5, and by nothing else";
  EXPECT_EQ(m[0], 0.0)
      << "the decay went into the mean of the gradients: that is Adam with L2, and what AdamW mends";
}

TEST(AdamWStep, AddsEpsilonToTheRoot) {
  std::vector<double> x{0.0}, m{0.0}, v{0.0};
  adamw_step(x, std::vector{1e-3}, m, v, 1, 1.0, {.epsilon = 1e-3, .weight_decay = 0.0});
  EXPECT_NEAR(x[0], -0.5, 1e-9)
      << "g / (|g| + epsilon) = 1/2 for g = epsilon: does epsilon stand inside of the root?";
}

TEST(AdamWStep, ForTenSteps) {
  std::vector<double> x{1.0}, m{0.0}, v{0.0};
  double reference = 1.0, mean = 0.0, square = 0.0;
  for (int t = 1; t <= 10; ++t) {
    const double g = std::sin(3.0 * t);
    adamw_step(x, std::vector{g}, m, v, t, 0.01);
    mean = 0.9 * mean + 0.1 * g;
    square = 0.999 * square + 0.001 * g * g;
    reference -= 0.01 * 0.01 * reference;
    reference -=
        0.01 * (mean / (1 - std::pow(0.9, t))) / (std::sqrt(square / (1 - std::pow(0.999, t))) + 1e-8);
    ASSERT_NEAR(x[0], reference, 1e-12) << "after step " << t;
  }
}

}  // namespace
}  // namespace gpt
