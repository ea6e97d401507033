#include "02_backprop/operations.hpp"

#include <gtest/gtest.h>

#include "01_tensors/elementwise.hpp"
#include "02_backprop/checked_operations.hpp"

namespace gpt {

static void PrintTo(const CheckedOperation& tested, std::ostream* stream) {
  *stream << tested.name;
}

namespace {

class Operation : public testing::TestWithParam<CheckedOperation> {};

TEST_P(Operation, HasTheGradientOfItsFiniteDifferences) {
  const GradientCheck check = check_operation(GetParam());
  EXPECT_LT(check.worst, 1e-8) << check.where;
}

INSTANTIATE_TEST_SUITE_P(All, Operation, testing::ValuesIn(checked_operations()),
                         [](const auto& test) { return test.param.name; });

TEST(Operations, GiveGradientsOfTheShapesOfTheirInputs) {
  const Variable a = Variable::leaf(Tensor::full({4, 1, 3}, 2.0)),
                 b = Variable::leaf(Tensor::full({5, 1}, 3.0));
  sum(a * b + a / b - b).backward();
  EXPECT_EQ(a.gradient().shape(), a.shape());
  EXPECT_EQ(b.gradient().shape(), b.shape());
}

TEST(Operations, WorkInF32AsInF64) {
  const auto gradient = [](DType dtype) {
    const Variable x = Variable::leaf((Tensor::arange({3, 4}, DType::f64) * 0.1).to(dtype));
    sum(tanh(matmul(x, transpose(x, 0, 1))) / (square(sum(x, 1)) + 1.0)).backward();
    return x.gradient();
  };
  EXPECT_EQ(gradient(DType::f32).dtype(), DType::f32);
  EXPECT_LT(max_difference(gradient(DType::f32), gradient(DType::f64)), 1e-5);
}

}  // namespace
}  // namespace gpt
