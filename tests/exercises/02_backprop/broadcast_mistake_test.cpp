#include "exercises/02_backprop/broadcast_mistake.hpp"

#include <gtest/gtest.h>

#include "02_backprop/gradient_check.hpp"
#include "02_backprop/operations.hpp"

namespace gpt {
namespace {

const Tensor matrix = Tensor::from<double>({0.5, -1.0, 2.0, 0.25, 1.5, -0.5}, {2, 3});
const Tensor row = Tensor::from<double>({1.0, 0.3, -2.0}, {3});
const Tensor column = Tensor::from<double>({0.7, -0.4}, {2, 1});
const Tensor number = Tensor::from<double>({0.6}, {1});

using Function = Variable (*)(const std::vector<Variable>&);

void expect_right(const char* name, Function f, const std::vector<Tensor>& inputs) {
  std::string shapes;
  for (const Tensor& x : inputs) shapes += fmt::format(" {}", x.shape());
  try {
    const GradientCheck check = gradient_check(f, inputs);
    EXPECT_LT(check.worst, 1e-7)
        << name << " of" << shapes << ": " << check.where
        << ". Is every gradient summed to the shape of its own input, and with its own sign?";
  } catch (const Error& error) {
    ADD_FAILURE() << name << " of" << shapes << ": " << error.what()
                  << "\nIs every gradient summed to the shape of its own input?";
  }
}

TEST(Gradients, OfSquaredDifference) {
  const Function f = [](const std::vector<Variable>& x) {
    return sum(square(squared_difference(x[0], x[1])));
  };
  expect_right("squared_difference", f, {matrix, matrix});
  expect_right("squared_difference", f, {matrix, row});
  expect_right("squared_difference", f, {column, row});
}

TEST(Gradients, OfAffine) {
  const Function f = [](const std::vector<Variable>& x) { return sum(square(affine(x[0], x[1], x[2]))); };
  expect_right("affine", f, {matrix, matrix, matrix});
  expect_right("affine", f, {matrix, row, column});
  expect_right("affine", f, {matrix, number, row});
}

TEST(Gradients, OfMixture) {
  const Function f = [](const std::vector<Variable>& x) { return sum(square(mixture(x[0], x[1], x[2]))); };
  expect_right("mixture", f, {matrix, matrix, matrix});
  expect_right("mixture", f, {number, matrix, row});
  expect_right("mixture", f, {row, column, matrix});
}

}  // namespace
}  // namespace gpt
