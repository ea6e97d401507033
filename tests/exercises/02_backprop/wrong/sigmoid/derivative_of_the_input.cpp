// Says: the derivative is y (1 - y): not y of the input
#include "exercises/02_backprop/sigmoid.hpp"

#include <cmath>

#include "02_backprop/pointwise.hpp"

namespace gpt {

Variable sigmoid(const Variable& x) {
  return pointwise(
      "sigmoid", x, [](auto value) { return 1 / (1 + std::exp(-value)); },
      [](auto value, auto /*y*/) { return value * (1 - value); });
}

}  // namespace gpt
