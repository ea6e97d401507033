#include "02_backprop/checked_operations.hpp"

#include "01_tensors/philox.hpp"
#include "02_backprop/operations.hpp"

namespace gpt {
namespace {

Tensor random_tensor(const Shape& shape, uint64_t stream) {
  const Tensor t(shape, DType::f64);
  const RandomStream random(1, RandomUse::example, stream);
  uint64_t i = 0;
  for (double& x : t.span<double>()) x = 0.5 + random.uniform(i++);
  return t;
}

using Inputs = std::vector<Variable>;

}  // namespace

const std::vector<CheckedOperation>& checked_operations() {
  static const std::vector<CheckedOperation> all{
      {"add", "a + b", {{2, 3}, {3}}, [](const Inputs& x) { return x[0] + x[1]; }},
      {"subtract", "a - b", {{2, 1}, {1, 3}}, [](const Inputs& x) { return x[0] - x[1]; }},
      {"multiply", "a · b", {{2, 3}, {2, 1}}, [](const Inputs& x) { return x[0] * x[1]; }},
      {"divide", "a / b", {{3}, {2, 3}}, [](const Inputs& x) { return x[0] / x[1]; }},
      {"negate", "-a", {{4}}, [](const Inputs& x) { return -x[0]; }},
      {"scale", "3a", {{4}}, [](const Inputs& x) { return 3.0 * x[0]; }},
      {"add_constant", "a + 3", {{4}}, [](const Inputs& x) { return x[0] + 3.0; }},
      {"used_twice", "a · a + a", {{2, 3}}, [](const Inputs& x) { return x[0] * x[0] + x[0]; }},
      {"exp", "exp a", {{4}}, [](const Inputs& x) { return exp(x[0]); }},
      {"log", "log a", {{4}}, [](const Inputs& x) { return log(x[0]); }},
      {"tanh", "tanh a", {{4}}, [](const Inputs& x) { return tanh(x[0]); }},
      {"square", "a²", {{4}}, [](const Inputs& x) { return square(x[0]); }},
      {"matmul", "A·B", {{2, 3}, {3, 4}}, [](const Inputs& x) { return matmul(x[0], x[1]); }},
      {"batched_matmul", "A·B", {{2, 2, 3}, {3, 4}}, [](const Inputs& x) { return matmul(x[0], x[1]); }},
      {"sum", "Σ a", {{2, 3}}, [](const Inputs& x) { return sum(x[0]); }},
      {"sum_dimension", "Σ a over one", {{2, 3, 2}}, [](const Inputs& x) { return sum(x[0], 1); }},
      {"mean", "Σ a / n", {{2, 3}}, [](const Inputs& x) { return mean(x[0]); }},
      {"reshape",
       "view",
       {{2, 3}},
       [](const Inputs& x) {
         return reshape(x[0], {3, 2});
       }},
      {"transpose", "view", {{2, 3}}, [](const Inputs& x) { return transpose(x[0], 0, 1); }},
      {"slice",
       "view",
       {{4, 3}},
       [](const Inputs& x) { return slice(x[0], 0, 1, 3) * slice(x[0], 0, 2, 4); }},
  };
  return all;
}

// [check_operation]
GradientCheck check_operation(const CheckedOperation& operation) {
  std::vector<Tensor> leaves;
  for (const Shape& shape : operation.shapes) leaves.push_back(random_tensor(shape, leaves.size()));
  const auto scalar = [&](const Inputs& x) {
    const Variable y = operation.f(x);
    return sum(y * Variable(random_tensor(y.shape(), 99)));
  };
  return gradient_check(scalar, leaves);
}
// [/check_operation]

}  // namespace gpt
