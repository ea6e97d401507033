#include "exercises/02_backprop/cumulative_sum.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "02_backprop/gradient_check.hpp"
#include "02_backprop/operations.hpp"
#include "tests/exercises/printing.hpp"

namespace gpt {
namespace {

TEST(CumulativeSum, OfAnExample) {
  const Tensor y = cumulative_sum(Tensor::from<float>({1, 2, 3, 4}, {4})).value();
  EXPECT_THAT(y.span<float>(), testing::ElementsAre(1, 3, 6, 10));
}

TEST(CumulativeSum, SendsToEachInputWhatAllLaterOutputsGet) {
  const Variable x = Variable::leaf(Tensor::from<float>({1, 1, 1}, {3}));
  const Tensor from_above = Tensor::from<float>({100, 10, 1}, {3});
  cumulative_sum(x).backward(from_above);
  EXPECT_THAT(x.gradient().span<float>(), testing::ElementsAre(111, 11, 1))
      << "x[0] is part of all three outputs, x[2] of the last alone. 100, 110, 111 is summed from the wrong "
         "end";
  EXPECT_THAT(from_above.span<float>(), testing::ElementsAre(100, 10, 1))
      << "what comes from above may belong to others as well: sum into a tensor of your own";
}

TEST(CumulativeSum, HasTheGradientOfFiniteDifferences) {
  const auto f = [](const std::vector<Variable>& x) { return sum(square(cumulative_sum(x[0]))); };
  const GradientCheck check = gradient_check(f, {Tensor::from<double>({0.5, -1, 2, 0.1, 3}, {5})});
  EXPECT_LT(check.worst, 1e-7) << check.where;
}

TEST(CumulativeSum, OfWhatIsNotDense) {
  const Tensor column = Tensor::arange({3, 2}).select(1, 1);  // 1, 3, 5
  EXPECT_THAT(cumulative_sum(column).value().span<float>(), testing::ElementsAre(1, 4, 9))
      << "a column of a matrix: its elements do not lie side by side";
}

}  // namespace
}  // namespace gpt
