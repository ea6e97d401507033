#include <fmt/format.h>

#include "01_tensors/elementwise.hpp"
#include "01_tensors/matmul.hpp"

int main() {
  const gpt::Tensor a = gpt::Tensor::arange({2, 3});
  fmt::print("{} times its transpose is {}\n", to_string(a), to_string(gpt::matmul(a, a.transpose(0, 1))));
}
