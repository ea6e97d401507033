#include "exercises/02_backprop/sigmoid.hpp"

#include <cmath>

#include "02_backprop/pointwise.hpp"

namespace gpt {

Variable sigmoid(const Variable& x) {
  return pointwise(
      "sigmoid", x, [](auto value) { return 1 / (1 + std::exp(-value)); },
      [](auto /*value*/, auto y) { return y * (1 - y); });
}

}  // namespace gpt
