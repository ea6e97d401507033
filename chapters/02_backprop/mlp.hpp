#pragma once
// The oldest net: layers of weighted sums, with tanh between them.

#include <vector>

#include "02_backprop/variable.hpp"

namespace gpt {

/// A multi-layer perceptron: x ← tanh(x·Wᵀ + b) for each layer, without the tanh after the last. The weights
/// of a layer are (out, in).
class Mlp {
 public:
  /// widths: of the input, of every hidden layer, of the output. The first weights are random, of deviation
  /// 1/√in, so that sums of `in` products are about as large as one input; chapter 03 says more.
  Mlp(const std::vector<int64_t>& widths, uint64_t seed, DType dtype = DType::f64);

  /// x: (N, in) → (N, out).
  Variable operator()(const Variable& x) const;

  /// Plain gradient descent: every parameter goes `rate` times its gradient downhill, and the gradient is
  /// set to zero for the next round.
  void descend(double rate) const;

  /// Weight, bias, weight, bias, …
  const std::vector<Variable>& parameters() const { return parameters_; }
  int64_t parameter_count() const;

 private:
  std::vector<Variable> parameters_;
};

}  // namespace gpt
