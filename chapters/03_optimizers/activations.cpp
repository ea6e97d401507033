#include "03_optimizers/activations.hpp"

#include <cmath>
#include <numbers>

#include "02_backprop/pointwise.hpp"

namespace gpt {

// [sigmoid]
Variable sigmoid(const Variable& x) {
  return pointwise(
      "sigmoid", x, [](auto v) { return 1 / (1 + std::exp(-v)); }, [](auto, auto y) { return y * (1 - y); });
}

Variable relu(const Variable& x) {
  return pointwise(
      "relu", x, [](auto v) { return v > 0 ? v : 0; }, [](auto v, auto) { return v > 0 ? 1 : 0; });
}
// [/sigmoid]

// [gelu]
namespace {
constexpr double scale = 0.7978845608028654;  // √(2/π)
constexpr double cubic = 0.044715;
}  // namespace

Variable gelu(const Variable& x) {
  return pointwise(
      "gelu", x, [](auto v) { return 0.5 * v * (1 + std::tanh(scale * (v + cubic * v * v * v))); },
      [](auto v, auto) {
        const auto t = std::tanh(scale * (v + cubic * v * v * v));
        return 0.5 * (1 + t) + 0.5 * v * (1 - t * t) * scale * (1 + 3 * cubic * v * v);
      });
}
// [/gelu]

Variable gelu_exact(const Variable& x) {
  const auto phi = [](auto v) { return 0.5 * (1 + std::erf(v / std::numbers::sqrt2)); };
  return pointwise(
      "gelu_exact", x, [phi](auto v) { return v * phi(v); },
      [phi](auto v, auto) {
        const double density = std::exp(-0.5 * v * v) * 0.5 * std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
        return phi(v) + v * density;
      });
}

// [softmax]
Variable softmax(const Variable& x) {
  const Shape column = x.shape().without(-1).with(x.shape().rank() - 1, 1);  // one number for each row
  const Tensor largest = max(x.value(), -1).reshape(column);
  const Tensor e = map(x.value() - largest, [](auto v) { return std::exp(v); });
  const Tensor y = e / sum(e, -1).reshape(column);
  // dy_i/dx_j = y_i (1[i = j] - y_j), so dx = y · (g - Σ g·y).
  return record("softmax", y, {x}, [node = x.node(), y, column](const Tensor& g) {
    node->accumulate(y * (g - sum(g * y, -1).reshape(column)));
  });
}
// [/softmax]

}  // namespace gpt
