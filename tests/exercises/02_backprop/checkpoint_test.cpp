#include "exercises/02_backprop/checkpoint.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "02_backprop/gradient_check.hpp"
#include "02_backprop/operations.hpp"

namespace gpt {
namespace {

TEST(Checkpoint, HasTheGradientOfFiniteDifferences) {
  const auto f = [](const std::vector<Variable>& x) {
    const auto inside = [](const Variable& z) { return tanh(z * z + z); };
    return sum(checkpoint(inside, exp(x[0])) * x[0]);
  };
  const GradientCheck check = gradient_check(f, {Tensor::from<double>({0.5, -1, 0.2}, {3})});
  EXPECT_LT(check.worst, 1e-7) << check.where
                               << ". What comes from above goes into the second pass as its first gradient.";
}

TEST(Checkpoint, ReachesLeavesThatTheFunctionHasCaptured) {
  const Variable w = Variable::leaf(Tensor::from<float>({3.0f}, {1}));
  const Variable x = Variable::leaf(Tensor::from<float>({2.0f}, {1}));
  sum(checkpoint([w](const Variable& z) { return z * w; }, x)).backward();
  ASSERT_TRUE(w.gradient().defined()) << "a weight inside of the function has no gradient";
  EXPECT_EQ(w.gradient().data<float>()[0], 2.0f)
      << "4 would be counted twice: does the first pass leave a tape behind?";
  EXPECT_EQ(x.gradient().data<float>()[0], 3.0f);
}

TEST(Checkpoint, ReachesThemWhereTheInputIsAConstant) {
  const Variable w = Variable::leaf(Tensor::from<float>({3.0f}, {1}));
  const Variable y = checkpoint([w](const Variable& z) { return z * w; }, Tensor::from<float>({2.0f}, {1}));
  ASSERT_TRUE(y.requires_gradient()) << "x is a constant, w inside of the function is not: what has "
                                        "record() to be given, so that it records?";
  sum(y).backward();
  ASSERT_TRUE(w.gradient().defined());
  EXPECT_EQ(w.gradient().data<float>()[0], 2.0f);
}

// As in a GPT: what goes into a block goes past it, too.
TEST(Checkpoint, HasOthersBesideIt) {
  const auto f = [](const std::vector<Variable>& x) {
    const Variable h = exp(x[0]);
    const auto inside = [](const Variable& z) { return tanh(z); };
    return sum(square(h) + checkpoint(inside, h) + square(h) * h);
  };
  std::string where = "the tape before x was played twice";
  double worst = 1;
  try {
    const GradientCheck check = gradient_check(f, {Tensor::from<double>({0.5, -1, 0.2}, {3})});
    where = check.where, worst = check.worst;
  } catch (const std::bad_function_call&) {  // a node's second time
  }
  EXPECT_LT(worst, 1e-7) << where
                         << ": x has other consumers, whose gradients are still to come. The second pass "
                            "ends at a leaf of its own, and x's node gets what arrived there.";
}

TEST(Checkpoint, ComputesTwiceAndKeepsNothingBetween) {
  int calls = 0;
  const Variable x = Variable::leaf(Tensor::from<float>({2.0f}, {1}));
  std::weak_ptr<Storage> inner;
  const Variable y = checkpoint(
      [&](const Variable& z) {
        ++calls;
        const Variable middle = exp(z);
        inner = middle.value().storage();
        return square(middle);
      },
      x);
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(inner.expired())
      << "what was computed inside is still in memory after the forward pass: is the first pass "
         "recorded on the tape?";
  sum(y).backward();
  EXPECT_EQ(calls, 2) << "in the backward pass the function runs once more";
}

}  // namespace
}  // namespace gpt
