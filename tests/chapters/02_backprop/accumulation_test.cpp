// Gradients that arrive from several sides: they must add up, and never write into each other.

#include <gtest/gtest.h>

#include "01_tensors/elementwise.hpp"
#include "02_backprop/operations.hpp"

namespace gpt {
namespace {

Tensor numbers(const std::vector<double>& values) {
  return Tensor::from(values, {static_cast<int64_t>(values.size())});
}

void expect_gradient(const Variable& x, const std::vector<double>& expected) {
  EXPECT_EQ(max_difference(x.gradient(), numbers(expected)), 0.0) << to_string(x.gradient());
}

TEST(Accumulation, AddsUpAValueUsedTwice) {
  const Variable x = Variable::leaf(numbers({1, 2, 3}));
  sum(x * x + x).backward();
  expect_gradient(x, {3, 5, 7});  // 2x + 1
}

TEST(Accumulation, AddsUpBothSidesOfADiamond) {
  const Variable x = Variable::leaf(numbers({1, 2, 3}));
  const Variable top = square(x);
  sum(top * 2.0 + top * 5.0).backward();
  expect_gradient(x, {14, 28, 42});  // 7·2x
}

TEST(Accumulation, ContinuesOverSeveralBackwardPasses) {
  const Variable x = Variable::leaf(numbers({1, 2}));
  sum(square(x)).backward();
  const Tensor held = x.gradient();
  sum(x * 10.0).backward();
  expect_gradient(x, {12, 14});
  EXPECT_EQ(held.storage(), x.gradient().storage());  // a leaf's gradient stays in its place
  x.node()->zero_gradient();
  expect_gradient(x, {0, 0});
  sum(x).backward();
  expect_gradient(x, {1, 1});
}

// Addition hands one and the same tensor to both of its inputs. When one of them adds what arrives later in
// place, the other must not see it, whichever comes first.
TEST(Accumulation, DoesNotWriteIntoAGradientThatTwoNodesShare) {
  for (const bool shared_first : {false, true}) {
    const Variable x = Variable::leaf(numbers({1, 2})), y = Variable::leaf(numbers({1, 2}));
    const Variable u = x * 2.0, v = y * 3.0;
    const Variable apart = sum(u * 100.0) + sum(v * 7.0), shared = sum((u + v) * 10.0);
    (shared_first ? shared + apart : apart + shared).backward();
    expect_gradient(x, {2 * 110, 2 * 110});
    expect_gradient(y, {3 * 17, 3 * 17});
  }
}

TEST(Accumulation, DoesNotWriteIntoTheGradientThatBackwardStartedFrom) {
  const Variable x = Variable::leaf(numbers({1, 2}));
  const Variable u = x * 2.0;
  const Tensor start = numbers({1, 1});
  (u + u * 3.0).backward(start);
  expect_gradient(x, {8, 8});
  EXPECT_EQ(max_difference(start, numbers({1, 1})), 0.0);
}

TEST(Accumulation, GivesALeafAGradientOfItsOwn) {
  const Variable x = Variable::leaf(numbers({1, 2}));
  const Tensor start = numbers({5, 6});
  x.backward(start);
  start.fill(0.0);
  expect_gradient(x, {5, 6});
}

// sum() sends one number to all elements, as a tensor with stride 0. Nobody may add to that in place.
TEST(Accumulation, AddsToAGradientWithStrideZero) {
  for (const bool plain_sum_first : {false, true}) {
    const Variable x = Variable::leaf(numbers({1, 2, 3}));
    const Variable u = x * 1.0;  // not a leaf: it takes the first gradient as it is
    const Variable plain = sum(u), squares = sum(square(u));
    (plain_sum_first ? plain + squares : squares + plain).backward();
    expect_gradient(x, {3, 5, 7});
  }
}

TEST(Accumulation, LeavesTakeStrideZeroAndTransposedGradients) {
  const Variable x = Variable::leaf(Tensor::arange({2, 3}, DType::f64));
  const Tensor weights = Tensor::arange({3, 2}, DType::f64);
  (sum(x) + sum(transpose(x, 0, 1) * Variable(weights)) + sum(x)).backward();
  EXPECT_TRUE(x.gradient().is_contiguous());
  EXPECT_EQ(max_difference(x.gradient(), weights.transpose(0, 1) + Tensor::scalar(2.0, DType::f64)), 0.0);
}

TEST(Accumulation, GathersInTheBufferOfALeaf) {
  const Tensor arena = Tensor::full({6}, 1.0, DType::f64);
  const Variable x(numbers({1, 2}), std::make_shared<Node>(arena.slice(0, 2, 4)));
  sum(square(x)).backward();
  EXPECT_EQ(max_difference(arena, numbers({1, 1, 3, 5, 1, 1})), 0.0);
}

TEST(Accumulation, LetsAnOperationAddInPlace) {
  const Variable x = Variable::leaf(numbers({1, 2}));
  const auto send_ones = [&x] {
    x.node()->gather({2}, DType::f64, [](const Tensor& destination, bool add) {
      if (add)
        add_to(destination, numbers({1, 1}));
      else
        destination.fill(1.0);
    });
  };
  send_ones();
  expect_gradient(x, {1, 1});
  send_ones();
  expect_gradient(x, {2, 2});
  EXPECT_THROW(x.node()->accumulate(numbers({1, 2, 3})), Error);
}

TEST(Accumulation, WorksInBf16) {
  const Tensor half = Tensor::full({3}, 0.5, DType::bf16);
  const Variable x = Variable::leaf(half);
  // The arithmetic of chapter 01 is f32 and f64; what later chapters record in bf16 sends such gradients.
  const auto identity = [](const Variable& v) {
    return record("identity", v.value(), {v}, [node = v.node()](const Tensor& g) { node->accumulate(g); });
  };
  const Variable u = identity(x);
  const Variable y = record("twice", half, {u}, [node = u.node()](const Tensor& g) {
    node->accumulate(g);
    node->accumulate(g);
  });
  y.backward(Tensor::full({3}, 1.5, DType::bf16));
  EXPECT_EQ(x.gradient().dtype(), DType::bf16);
  EXPECT_EQ(max_difference(x.gradient(), Tensor::full({3}, 3.0, DType::bf16)), 0.0);
}

TEST(Accumulation, RefusesGradientsOfTwoTypes) {
  const Variable x = Variable::leaf(Tensor::zeros({2}));
  x.node()->accumulate(Tensor::zeros({2}));
  EXPECT_THROW(x.node()->accumulate(Tensor::zeros({2}, DType::bf16)), Error);
}

}  // namespace
}  // namespace gpt
