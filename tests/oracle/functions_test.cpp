// The functions, losses and optimizers of chapters 02 and 03 against PyTorch, in double precision.

#include "02_backprop/operations.hpp"
#include "03_optimizers/activations.hpp"
#include "03_optimizers/losses.hpp"
#include "03_optimizers/optimizer.hpp"
#include "oracle.hpp"

namespace gpt {
namespace {

constexpr double tolerance = 1e-12;

TEST(FunctionsAgreeWithPyTorch, ForwardAndBackward) {
  const SafetensorsFile file = oracle_file("ops");
  const std::pair<std::string, Variable (*)(const Variable&)> functions[] = {
      {"relu", relu}, {"sigmoid", sigmoid}, {"tanh", tanh}, {"gelu", gelu}, {"softmax", softmax}};
  for (const auto& [name, function] : functions) {
    const Variable x = Variable::leaf(file.tensor(name + ".x"));
    const Variable y = function(x);
    y.backward(file.tensor(name + ".dy"));
    expect_close(y.value(), file.tensor(name + ".y"), tolerance, name);
    expect_close(x.gradient(), file.tensor(name + ".dx"), tolerance, name + " backward");
  }
}

TEST(FunctionsAgreeWithPyTorch, LinearLayer) {
  const SafetensorsFile file = oracle_file("ops");
  const Variable x = Variable::leaf(file.tensor("linear.x"));
  const Variable weight = Variable::leaf(file.tensor("linear.weight"));
  const Variable bias = Variable::leaf(file.tensor("linear.bias"));
  const Variable y = matmul(x, weight) + bias;
  y.backward(file.tensor("linear.dy"));
  expect_close(y.value(), file.tensor("linear.y"), tolerance, "y");
  expect_close(x.gradient(), file.tensor("linear.dx"), tolerance, "dx");
  expect_close(weight.gradient(), file.tensor("linear.dweight"), tolerance, "dweight");
  expect_close(bias.gradient(), file.tensor("linear.dbias"), tolerance, "dbias");
}

TEST(FunctionsAgreeWithPyTorch, MeanSquaredError) {
  const SafetensorsFile file = oracle_file("ops");
  const Variable prediction = Variable::leaf(file.tensor("mse.input"));
  const Variable target = Variable::leaf(file.tensor("mse.target"));
  const Variable loss = mse(prediction, target);
  loss.backward();
  expect_close(loss.value(), file.tensor("mse.loss"), tolerance, "loss");
  expect_close(prediction.gradient(), file.tensor("mse.dinput"), tolerance, "dinput");
  expect_close(target.gradient(), file.tensor("mse.dtarget"), tolerance, "dtarget");
}

TEST(FunctionsAgreeWithPyTorch, CrossEntropy) {
  const SafetensorsFile file = oracle_file("ops");
  const Tensor all = file.tensor("cross_entropy.logits"), targets = file.tensor("cross_entropy.targets");
  const Shape rows{targets.elements(), all.size(-1)};
  const Variable logits = Variable::leaf(all.reshape(rows));
  const Variable loss = cross_entropy(logits, targets.reshape({targets.elements()}));
  loss.backward();
  expect_close(loss.value(), file.tensor("cross_entropy.loss"), tolerance, "loss");
  expect_close(logits.gradient(), file.tensor("cross_entropy.dlogits").reshape(rows), tolerance, "dlogits");
}

class OptimizersAgreeWithPyTorch : public testing::TestWithParam<std::string> {};

TEST_P(OptimizersAgreeWithPyTorch, StepByStep) {
  const std::string& name = GetParam();
  const SafetensorsFile file = oracle_file("optimizers");
  const auto set = [&](double& option, const std::string& key) {
    if (file.metadata().contains(name + "." + key)) option = file.number(name + "." + key);
  };
  OptimizerOptions options;
  set(options.momentum, "momentum");
  set(options.decay_rate, "alpha");
  set(options.beta1, "beta1");
  set(options.beta2, "beta2");
  set(options.epsilon, "eps");
  set(options.weight_decay, "weight_decay");

  const Shape shape{3, 3};  // a matrix, for weight decay leaves vectors alone
  ParameterStore store(DType::f64);
  store.declare("x", shape, [&](const Tensor& value, const RandomStream&) {
    value.copy_from(file.tensor("start").reshape(shape));
  });
  store.allocate(1);
  const Parameter& x = store.parameter("x");
  const auto optimizer = make_optimizer(name, store, options);
  const Tensor gradients = file.tensor("gradients"), after = file.tensor(name + ".after");
  for (int64_t step = 0; step < gradients.size(0); ++step) {
    store.gradient(x).copy_from(gradients.select(0, step).reshape(shape));
    optimizer->step(file.number("lr"));
    expect_close(store.value(x), after.select(0, step).reshape(shape), tolerance,
                 fmt::format("after step {}", step + 1));
  }
}

INSTANTIATE_TEST_SUITE_P(Each, OptimizersAgreeWithPyTorch, testing::ValuesIn(optimizer_names()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace gpt
