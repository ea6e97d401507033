#include "03_optimizers/activations.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "01_tensors/elementwise.hpp"
#include "02_backprop/gradient_check.hpp"
#include "02_backprop/operations.hpp"

namespace gpt {
namespace {

/// Both signs, large and small, and no kink of relu.
const std::vector<double> points{-30.0, -5.0, -2.0, -1.0, -0.3, -1e-3, 1e-3, 0.3, 1.0, 2.0, 5.0, 30.0};

Tensor test_points(DType dtype = DType::f64) {
  return Tensor::from(points, {3, 4}).to(dtype);
}

struct Case {
  const char* name;
  Variable (*f)(const Variable&);
  double (*formula)(double);
};

void PrintTo(const Case& tested, std::ostream* stream) {
  *stream << tested.name;
}

class Activation : public testing::TestWithParam<Case> {};

double gradient_error(Variable (*f)(const Variable&)) {
  const Variable weights(Tensor::arange({3, 4}, DType::f64));
  const GradientCheck check =
      gradient_check([&](const std::vector<Variable>& x) { return sum(f(x[0]) * weights); }, {test_points()});
  return check.worst;
}

TEST_P(Activation, HasTheGradientOfItsFiniteDifferences) {
  EXPECT_LT(gradient_error(GetParam().f), 1e-8);
}

TEST(Softmax, HasTheGradientOfItsFiniteDifferences) {
  EXPECT_LT(gradient_error(softmax), 1e-8);
}

TEST_P(Activation, EqualsItsFormulaInBothPrecisions) {
  const Tensor y64 = GetParam().f(test_points()).value(), y32 = GetParam().f(test_points(DType::f32)).value();
  for (size_t i = 0; i < points.size(); ++i) {
    const double expected = GetParam().formula(points[i]);
    EXPECT_NEAR(y64.data<double>()[i], expected, 1e-14 * std::abs(expected)) << points[i];
    EXPECT_NEAR(y32.data<float>()[i], expected, 1e-6 * std::max(1.0, std::abs(expected))) << points[i];
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, Activation,
    testing::Values(Case{"sigmoid", sigmoid, [](double x) { return 1.0 / (1.0 + std::exp(-x)); }},
                    Case{"relu", relu, [](double x) { return std::max(x, 0.0); }},
                    Case{"gelu", gelu,
                         [](double x) {
                           return 0.5 * x *
                                  (1.0 + std::tanh(std::sqrt(2.0 / M_PI) * (x + 0.044715 * std::pow(x, 3))));
                         }},
                    Case{"gelu_exact", gelu_exact,
                         [](double x) { return 0.5 * x * (1.0 + std::erf(x / std::sqrt(2.0))); }}),
    [](const auto& test) { return test.param.name; });

TEST(Gelu, TanhFormStaysWithinATwoThousandthOfTheExactOne) {
  double worst = 0.0;
  for (double x = -6.0; x <= 6.0; x += 0.01) {
    const Variable v(Tensor::scalar(x, DType::f64));
    worst = std::max(worst, std::abs(gelu(v).value().item() - gelu_exact(v).value().item()));
  }
  EXPECT_LT(worst, 5e-4);
  EXPECT_GT(worst, 1e-4);  // they are not the same function
}

TEST(Relu, HasNoGradientAtZero) {
  const Variable x = Variable::leaf(Tensor::zeros({2}));
  sum(relu(x)).backward();
  EXPECT_EQ(x.gradient().data<float>()[0], 0.0f);
}

TEST(Softmax, AddsUpToOneAndSurvivesExtremeLogits) {
  const Tensor x = Tensor::from(std::vector<float>{1e4f, -1e4f, 0.0f, 88.0f, 89.0f, 90.0f}, {2, 3});
  const Tensor y = softmax(Variable(x)).value();
  EXPECT_FLOAT_EQ(y.at<float>({0, 0}), 1.0f);
  EXPECT_EQ(y.at<float>({0, 1}), 0.0f);
  EXPECT_NEAR(y.at<float>({1, 0}) + y.at<float>({1, 1}) + y.at<float>({1, 2}), 1.0, 1e-6);
  EXPECT_NEAR(y.at<float>({1, 2}), 1.0 / (1.0 + std::exp(-1.0) + std::exp(-2.0)), 1e-6);
}

TEST(Softmax, DoesNotChangeWhenAllLogitsShift) {
  const Variable x(test_points());
  EXPECT_LT(max_difference(softmax(x).value(), softmax(x + 7.0).value()), 1e-14);
}

}  // namespace
}  // namespace gpt
