#include <fmt/format.h>

#include "02_backprop/gradient_check.hpp"
#include "02_backprop/operations.hpp"

int main() {
  const gpt::Variable x = gpt::Variable::leaf(gpt::Tensor::arange({2, 3}));
  gpt::sum(gpt::square(x)).backward();
  fmt::print("the gradient of x² at {} is {}\n", to_string(x.value()), to_string(x.gradient()));
}
