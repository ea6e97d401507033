#include "02_backprop/mlp.hpp"

#include <cmath>

#include "01_tensors/elementwise.hpp"
#include "01_tensors/philox.hpp"
#include "02_backprop/operations.hpp"

namespace gpt {

Mlp::Mlp(const std::vector<int64_t>& widths, uint64_t seed, DType dtype) {
  for (size_t layer = 1; layer < widths.size(); ++layer) {
    const int64_t in = widths[layer - 1], out = widths[layer];
    const RandomStream random(seed, RandomUse::initialisation, layer);
    std::vector<double> weights(static_cast<size_t>(out * in));
    for (size_t i = 0; i < weights.size(); ++i) weights[i] = random.normal(i) / std::sqrt(in);
    parameters_.push_back(Variable::leaf(Tensor::from(weights, {out, in}).to(dtype)));
    parameters_.push_back(Variable::leaf(Tensor::zeros({out}, dtype)));
  }
}

// [forward]
Variable Mlp::operator()(const Variable& x) const {
  Variable h = x;
  for (size_t i = 0; i < parameters_.size(); i += 2) {
    if (i > 0) h = tanh(h);
    h = matmul(h, transpose(parameters_[i], 0, 1)) + parameters_[i + 1];
  }
  return h;
}

void Mlp::descend(double rate) const {
  for (const Variable& parameter : parameters_) {
    add_to(parameter.value(), parameter.gradient(), -rate);
    parameter.node()->zero_gradient();
  }
}
// [/forward]

int64_t Mlp::parameter_count() const {
  int64_t count = 0;
  for (const Variable& parameter : parameters_) count += parameter.value().elements();
  return count;
}

}  // namespace gpt
