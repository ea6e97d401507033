#pragma once
// Where a parameter starts.

#include "03_optimizers/parameter_store.hpp"

namespace gpt::initial {

// What follows makes the initializers that ParameterStore::declare() takes. Element i of a parameter is
// number i of the parameter's own random stream, so it depends on (seed, which parameter, i) and on nothing
// else.
//
// A linear layer's weight is (out, in), as in Backend. Its output is a sum of `in` products, its input's
// gradient one of `out` products: that is why the rules below count them. Gains are for layers followed by
// nothing or tanh (Xavier) and by ReLU (He).

Initializer constant(double value);
inline Initializer zeros() {
  return constant(0.0);
}
inline Initializer ones() {
  return constant(1.0);
}
Initializer uniform(double low, double high);
Initializer normal(double deviation);  ///< mean 0

/// Glorot and Bengio (2010): variance 2 / (in + out), a compromise between 1/in, which keeps the size of
/// activations from layer to layer, and 1/out, which keeps that of gradients. Throws Error unless the
/// parameter is a matrix.
Initializer xavier_uniform();
Initializer xavier_normal();
/// He, Zhang, Ren and Sun (2015): variance 2 / in, because ReLU lets half of the signal through.
Initializer he_uniform();
Initializer he_normal();

/// GPT-2 (Radford et al., 2019): 0.02 for all matrices and embeddings …
inline Initializer gpt2() {
  return normal(0.02);
}
/// … and 0.02 / √(2·layers) for those that add to the residual stream: 2·layers of them are summed, and the
/// sum shall not grow with the depth.
Initializer gpt2_residual(int layers);

}  // namespace gpt::initial
