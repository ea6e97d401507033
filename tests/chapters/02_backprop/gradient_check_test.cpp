#include "02_backprop/gradient_check.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "01_tensors/elementwise.hpp"
#include "02_backprop/operations.hpp"

namespace gpt {
namespace {

const std::vector<Tensor> point{Tensor::from(std::vector<double>{0.5, -1.0, 2.0}, {3})};

/// sum(x²) with a derivative of `factor`·x; 2 is right.
Variable squares(const Variable& x, double factor) {
  return record("squares", sum(square(x.detach())).value(), {x},
                [x, factor](const Tensor& g) { x.node()->accumulate(x.value() * (factor * g.item())); });
}

TEST(GradientCheck, AcceptsTheRightDerivative) {
  EXPECT_LT(gradient_check([](const auto& x) { return squares(x[0], 2.0); }, point).worst, 1e-9);
}

TEST(GradientCheck, CatchesADerivativeThatIsOffByAThousandth) {
  const GradientCheck check = gradient_check([](const auto& x) { return squares(x[0], 2.002); }, point);
  EXPECT_NEAR(check.worst, 1e-3, 1e-4);
  EXPECT_NE(check.where.find("input 0, element "), std::string::npos) << check.where;
}

TEST(GradientCheck, CatchesAForgottenInput) {
  const auto forgets = [](const std::vector<Variable>& x) { return sum(x[0].detach() * x[1]); };
  EXPECT_GT(gradient_check(forgets, {point[0], point[0]}).worst, 0.4);
}

TEST(GradientCheck, CatchesNaN) {
  const GradientCheck check = gradient_check([](const auto& x) { return sum(log(x[0])); }, point);
  EXPECT_TRUE(std::isnan(check.worst));
}

TEST(GradientCheck, LeavesThePointAsItWas) {
  gradient_check([](const auto& x) { return sum(square(x[0])); }, point);
  EXPECT_EQ(point[0].data<double>()[1], -1.0);
}

TEST(GradientCheck, RefusesF32) {
  EXPECT_THROW(gradient_check([](const auto& x) { return sum(x[0]); }, {Tensor::zeros({1})}), Error);
}

}  // namespace
}  // namespace gpt
