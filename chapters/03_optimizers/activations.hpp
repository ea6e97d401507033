#pragma once
// The bends between the layers of a net: without them, a stack of matrices is only one matrix.

#include "02_backprop/variable.hpp"

namespace gpt {

// tanh stands in 02_backprop/operations.hpp.

Variable sigmoid(const Variable& x);  ///< 1 / (1 + e^-x)
Variable relu(const Variable& x);     ///< max(x, 0); its derivative at 0 is taken as 0
/// x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))): Hendrycks and Gimpel (2016), the form that GPT-2 uses.
Variable gelu(const Variable& x);
/// x · Φ(x), with the normal distribution's Φ(x) = (1 + erf(x/√2)) / 2: what the form above approximates.
Variable gelu_exact(const Variable& x);
/// e^x / Σ e^x over the last dimension: positive numbers that add up to 1. x: (…, V). The largest element is
/// subtracted first, so no exponential overflows.
Variable softmax(const Variable& x);

}  // namespace gpt
