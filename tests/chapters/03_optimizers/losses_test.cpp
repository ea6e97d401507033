#include "03_optimizers/losses.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "01_tensors/elementwise.hpp"
#include "01_tensors/philox.hpp"
#include "02_backprop/gradient_check.hpp"
#include "02_backprop/operations.hpp"
#include "03_optimizers/activations.hpp"

namespace gpt {
namespace {

Tensor random_logits(int64_t rows, int64_t vocabulary, DType dtype = DType::f64, double scale = 3.0) {
  const RandomStream random(5, RandomUse::example);
  std::vector<double> values(static_cast<size_t>(rows * vocabulary));
  for (size_t i = 0; i < values.size(); ++i) values[i] = scale * random.normal(i);
  return Tensor::from(values, {rows, vocabulary}).to(dtype);
}

/// The textbook's formula, -Σ w·log(e^x_t / Σ e^x) / Σ w, without any care for overflow.
double naive_cross_entropy(const Tensor& logits, const std::vector<int32_t>& targets,
                           const std::vector<double>& weights) {
  double loss = 0.0, total = 0.0;
  for (size_t n = 0; n < targets.size(); ++n) {
    if (targets[n] < 0) continue;
    const Tensor row = logits.select(0, static_cast<int64_t>(n));
    double sum = 0.0;
    for (const double x : row.span<double>()) sum += std::exp(x);
    loss -= weights[n] * std::log(std::exp(row.data<double>()[targets[n]]) / sum);
    total += weights[n];
  }
  return loss / total;
}

const std::vector<int32_t> targets{2, 0, 4, 4, 1, 3};
const std::vector<double> equal(6, 1.0), uneven{1.0, 0.25, 0.0, 3.0, 2.0, 0.5};

Tensor as_targets(const std::vector<int32_t>& values) {
  return Tensor::from(values, {static_cast<int64_t>(values.size())});
}

TEST(CrossEntropy, EqualsTheNaiveFormula) {
  const Tensor x = random_logits(6, 5);
  EXPECT_NEAR(cross_entropy(x, as_targets(targets)).value().item(), naive_cross_entropy(x, targets, equal),
              1e-13);
  EXPECT_NEAR(cross_entropy(x.to(DType::f32), as_targets(targets)).value().item(),
              naive_cross_entropy(x, targets, equal), 1e-6);
}

TEST(CrossEntropy, WeighsTheRows) {
  const Tensor x = random_logits(6, 5);
  EXPECT_NEAR(cross_entropy(x, as_targets(targets), Tensor::from(uneven, {6})).value().item(),
              naive_cross_entropy(x, targets, uneven), 1e-13);
}

TEST(CrossEntropy, LeavesOutRowsWithANegativeTarget) {
  const Tensor x = random_logits(6, 5);
  std::vector<int32_t> some = targets;
  some[1] = some[3] = -1;
  EXPECT_NEAR(cross_entropy(x, as_targets(some)).value().item(), naive_cross_entropy(x, some, equal), 1e-13);
  const Variable leaf = Variable::leaf(x);
  cross_entropy(leaf, as_targets(some)).backward();
  EXPECT_EQ(max_difference(leaf.gradient().select(0, 3), Tensor::zeros({5}, DType::f64)), 0.0);
  EXPECT_GT(max_difference(leaf.gradient().select(0, 2), Tensor::zeros({5}, DType::f64)), 0.0);
}

TEST(CrossEntropy, IsZeroWhenNoRowCounts) {
  const Variable x = Variable::leaf(random_logits(2, 3));
  const Variable loss = cross_entropy(x, as_targets({-1, -1}));
  loss.backward();
  EXPECT_EQ(loss.value().item(), 0.0);
  EXPECT_EQ(max_difference(x.gradient(), Tensor::zeros({2, 3}, DType::f64)), 0.0);
}

TEST(CrossEntropy, OfAModelThatKnowsNothingIsTheLogarithmOfTheVocabulary) {
  EXPECT_NEAR(cross_entropy(Tensor::zeros({4, 65}), as_targets({0, 1, 2, 64})).value().item(), std::log(65.0),
              1e-6);
}

TEST(CrossEntropy, HasTheGradientOfItsFiniteDifferences) {
  for (const bool weighted : {false, true}) {
    const Tensor weights = weighted ? Tensor::from(uneven, {6}) : Tensor();
    const GradientCheck check = gradient_check(
        [&](const std::vector<Variable>& x) {
          return cross_entropy(x[0], as_targets(targets), weights) * 3.0;
        },
        {random_logits(6, 5)});
    EXPECT_LT(check.worst, 1e-8) << check.where;
  }
}

TEST(CrossEntropy, GradientIsTheSoftmaxLessOneAtTheTarget) {
  const Variable x = Variable::leaf(random_logits(1, 5));
  cross_entropy(x, as_targets({3})).backward();
  const Tensor expected = softmax(Variable(x.value())).value();
  expected.at<double>({0, 3}) -= 1.0;
  EXPECT_LT(max_difference(x.gradient(), expected), 1e-14);
}

TEST(CrossEntropy, GradientOfEveryRowAddsUpToZero) {
  const Variable x = Variable::leaf(random_logits(6, 1000, DType::f32));
  cross_entropy(x, as_targets({0, 999, 500, 3, 3, 77})).backward();
  EXPECT_LT(max_difference(sum(x.gradient(), 1), Tensor::zeros({6})), 1e-6);
}

TEST(CrossEntropy, SurvivesExtremeLogits) {
  const Tensor x = Tensor::from(std::vector<float>{1e4f, -1e4f, 0.0f, 1e4f, -1e4f, 0.0f}, {2, 3});
  const Variable right = Variable::leaf(x.slice(0, 0, 1)), wrong = Variable::leaf(x.slice(0, 1, 2));
  const Variable small = cross_entropy(right, as_targets({0})), large = cross_entropy(wrong, as_targets({1}));
  EXPECT_EQ(small.value().item(), 0.0);
  EXPECT_FLOAT_EQ(static_cast<float>(large.value().item()), 2e4f);
  small.backward();
  large.backward();
  EXPECT_EQ(max_difference(right.gradient(), Tensor::zeros({1, 3})), 0.0);
  EXPECT_EQ(max_difference(wrong.gradient(), Tensor::from(std::vector<float>{1, -1, 0}, {1, 3})), 0.0);
}

TEST(CrossEntropy, RefusesATargetOutsideTheVocabulary) {
  EXPECT_THROW(cross_entropy(random_logits(1, 5), as_targets({5})), Error);
  EXPECT_THROW(cross_entropy(random_logits(2, 5), as_targets({1})), Error);
}

TEST(MeanSquaredError, IsTheMeanOfTheSquares) {
  const Variable prediction = Variable::leaf(Tensor::from(std::vector<double>{1, 2, 3, 4}, {2, 2}));
  const Variable loss = mse(prediction, Tensor::from(std::vector<double>{1, 0, 0, 0}, {2, 2}));
  EXPECT_DOUBLE_EQ(loss.value().item(), (4.0 + 9.0 + 16.0) / 4.0);
  loss.backward();
  EXPECT_LT(max_difference(prediction.gradient(), Tensor::from(std::vector<double>{0, 1, 1.5, 2}, {2, 2})),
            1e-15);
}

TEST(MeanSquaredError, HasTheGradientOfItsFiniteDifferences) {
  const GradientCheck check = gradient_check([](const std::vector<Variable>& x) { return mse(x[0], x[1]); },
                                             {random_logits(3, 2), random_logits(3, 2, DType::f64, 1.0)});
  EXPECT_LT(check.worst, 1e-8) << check.where;
}

TEST(MeanSquaredError, RefusesShapesThatWouldBroadcast) {
  EXPECT_THROW(mse(random_logits(3, 1), random_logits(1, 3)), Error);
}

}  // namespace
}  // namespace gpt
