#include "02_backprop/operations.hpp"

#include <gtest/gtest.h>

#include "01_tensors/philox.hpp"
#include "02_backprop/gradient_check.hpp"

namespace gpt {
namespace {

/// Uniform in [0.5, 1.5): positive, so that log and division are smooth.
Tensor random_tensor(const Shape& shape, uint64_t stream) {
  const Tensor t(shape, DType::f64);
  const RandomStream random(1, RandomUse::example, stream);
  for (int64_t i = 0; i < t.elements(); ++i)
    t.data<double>()[i] = 0.5 + random.uniform(static_cast<uint64_t>(i));
  return t;
}

struct Case {
  const char* name;
  std::vector<Shape> shapes;
  std::function<Variable(const std::vector<Variable>&)> f;
};

class Operation : public testing::TestWithParam<Case> {};

TEST_P(Operation, HasTheGradientOfItsFiniteDifferences) {
  std::vector<Tensor> leaves;
  for (const Shape& shape : GetParam().shapes) leaves.push_back(random_tensor(shape, leaves.size()));
  // A weighted sum makes a scalar of any result, with a different weight for every element.
  const auto scalar = [&](const std::vector<Variable>& x) {
    const Variable y = GetParam().f(x);
    return sum(y * Variable(random_tensor(y.shape(), 99)));
  };
  const GradientCheck check = gradient_check(scalar, leaves);
  EXPECT_LT(check.worst, 1e-8) << check.where;
}

INSTANTIATE_TEST_SUITE_P(
    All, Operation,
    testing::Values(
        Case{"add", {{2, 3}, {3}}, [](auto& x) { return x[0] + x[1]; }},
        Case{"subtract", {{2, 1}, {1, 3}}, [](auto& x) { return x[0] - x[1]; }},
        Case{"multiply", {{2, 3}, {2, 1}}, [](auto& x) { return x[0] * x[1]; }},
        Case{"divide", {{3}, {2, 3}}, [](auto& x) { return x[0] / x[1]; }},
        Case{"same_twice", {{2, 3}}, [](auto& x) { return x[0] * x[0] + x[0]; }},
        Case{"exp", {{4}}, [](auto& x) { return exp(x[0]); }},
        Case{"log", {{4}}, [](auto& x) { return log(x[0]); }},
        Case{"tanh", {{4}}, [](auto& x) { return tanh(x[0]); }},
        Case{"square", {{4}}, [](auto& x) { return square(x[0]); }},
        Case{"matmul", {{2, 3}, {3, 4}}, [](auto& x) { return matmul(x[0], x[1]); }},
        Case{"batched_matmul", {{2, 2, 3}, {3, 4}}, [](auto& x) { return matmul(x[0], x[1]); }},
        Case{"sum_dimension", {{2, 3, 2}}, [](auto& x) { return sum(x[0], 1); }},
        Case{"mean", {{2, 3}}, [](auto& x) { return mean(x[0]); }},
        Case{"reshape",
             {{2, 3}},
             [](auto& x) {
               return reshape(x[0], {3, 2});
             }},
        Case{"transpose", {{2, 3}}, [](auto& x) { return transpose(x[0], 0, 1); }},
        Case{"slice", {{4, 3}}, [](auto& x) { return slice(x[0], 0, 1, 3) * slice(x[0], 0, 2, 4); }}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace gpt
