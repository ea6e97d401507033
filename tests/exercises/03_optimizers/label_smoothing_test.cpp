#include "exercises/03_optimizers/label_smoothing.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "02_backprop/gradient_check.hpp"
#include "02_backprop/operations.hpp"
#include "03_optimizers/losses.hpp"

namespace gpt {
namespace {

Tensor logits() {
  return Tensor::from<double>({0.3, -1.2, 2.0, 0.5, 0.1, 0.1, -0.7, 1.4, 3.0, -2.0, 0.0, 1.0}, {3, 4});
}
Tensor targets() {
  return Tensor::from<int32_t>({2, 0, 3}, {3});
}

TEST(SmoothedCrossEntropy, IsPlainWithoutSmoothing) {
  EXPECT_NEAR(smoothed_cross_entropy(logits(), targets(), 0.0).value().item(),
              cross_entropy(logits(), targets()).value().item(), 1e-12);
}

TEST(SmoothedCrossEntropy, OfAWorkedExample) {
  // Two classes, logits 0 and ln 3: probabilities 1/4 and 3/4. With smoothing 0.2 the targets are 0.1 and
  // 0.9.
  const Tensor x = Tensor::from<double>({0.0, std::log(3.0)}, {1, 2});
  const double expected = -0.1 * std::log(0.25) - 0.9 * std::log(0.75);
  EXPECT_NEAR(smoothed_cross_entropy(x, Tensor::from<int32_t>({1}, {1}), 0.2).value().item(), expected, 1e-12)
      << "of the smoothing 0.2 each of the two classes gets 0.1, the target as well: it has 0.8 + 0.1";
}

TEST(SmoothedCrossEntropy, HasTheGradientOfFiniteDifferences) {
  const auto f = [](const std::vector<Variable>& x) {
    return smoothed_cross_entropy(x[0], targets(), 0.1) * 3.0;
  };
  const GradientCheck check = gradient_check(f, {logits()});
  EXPECT_LT(check.worst, 1e-7)
      << check.where << ". The gradient is (p - y) / N times the output's gradient, with the soft y.";
}

TEST(SmoothedCrossEntropy, SurvivesLargeLogits) {
  const Tensor x = Tensor::from<double>({1000.0, -1000.0}, {1, 2});
  EXPECT_TRUE(std::isfinite(smoothed_cross_entropy(x, Tensor::from<int32_t>({0}, {1}), 0.1).value().item()))
      << "e^1000 is infinite: take the largest logit out of the sum first";
}

}  // namespace
}  // namespace gpt
