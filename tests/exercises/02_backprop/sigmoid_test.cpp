#include "exercises/02_backprop/sigmoid.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "02_backprop/gradient_check.hpp"
#include "02_backprop/operations.hpp"

namespace gpt {
namespace {

TEST(Sigmoid, OfSomeNumbers) {
  const Variable y = sigmoid(Tensor::from<double>({0.0, 1.0, -2.0}, {3}));
  EXPECT_NEAR(y.value().data<double>()[0], 0.5, 1e-12);
  EXPECT_NEAR(y.value().data<double>()[1], 0.7310585786300049, 1e-12);
  EXPECT_NEAR(y.value().data<double>()[2], 0.11920292202211755, 1e-12);
}

TEST(Sigmoid, HasTheGradientOfFiniteDifferences) {
  const auto f = [](const std::vector<Variable>& x) { return sum(sigmoid(x[0]) * x[1]); };
  const GradientCheck check = gradient_check(f, {Tensor::from<double>({-3, -0.5, 0, 0.5, 2, 4}, {2, 3}),
                                                 Tensor::from<double>({1, -2, 3, 0.5, 1, -1}, {2, 3})});
  EXPECT_LT(check.worst, 1e-7) << check.where
                               << ". With y the result, the derivative is y (1 - y): not y of the input, and "
                               << "not without the gradient that comes from above.";
}

TEST(Sigmoid, IsSafeFarFromZero) {
  const Variable x = Variable::leaf(Tensor::from<float>({-500.0f, 500.0f}, {2}));
  const Variable y = sigmoid(x);
  sum(y).backward();
  EXPECT_EQ(y.value().data<float>()[0], 0.0f);
  EXPECT_EQ(y.value().data<float>()[1], 1.0f)
      << "e^500 / (1 + e^500) is infinite by infinite: which form has no such case?";
  EXPECT_EQ(x.gradient().data<float>()[0], 0.0f);
  EXPECT_EQ(x.gradient().data<float>()[1], 0.0f);
}

}  // namespace
}  // namespace gpt
