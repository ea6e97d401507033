#pragma once
// A net of fully connected layers whose parameters lie in a store: what the chapter's program trains.

#include <vector>

#include "03_optimizers/parameter_store.hpp"

namespace gpt {

struct NetOptions {
  std::vector<int64_t> widths;              ///< of the input, every hidden layer, the output
  Variable (*activation)(const Variable&);  ///< after every layer but the last
  Initializer weights;
  uint64_t seed = 1;
};

/// x ← activation(x·Wᵀ + b), in f64. Parameters are called "layer1.weight" (out, in), "layer1.bias" (out), …
class Net {
 public:
  explicit Net(NetOptions options);

  /// x: (N, in) → (N, out).
  Variable operator()(const Variable& x) const { return layers(x).back(); }
  /// The outputs of all layers, in order of use, after the activation where there is one.
  std::vector<Variable> layers(const Variable& x) const;

  const ParameterStore& store() const { return store_; }

 private:
  NetOptions options_;
  ParameterStore store_{DType::f64};
};

}  // namespace gpt
