#pragma once
// What training makes small.

#include "02_backprop/variable.hpp"

namespace gpt {

/// The mean of (prediction - target)² over all elements, as a scalar. The shapes are equal.
Variable mse(const Variable& prediction, const Variable& target);

/// The mean of -log softmax(logits[n])[targets[n]] over the rows n, as a scalar: how surprised the model is
/// by the targets, in nats. A model that knows nothing pays log V.
///
/// logits: (N, V), f32 or f64. targets: (N), i32; a negative one marks a row that does not count. weights:
/// (N), of the logits' type, or undefined for all equal: with them the result is Σ w·loss / Σ w. It is 0 when
/// no row counts.
///
/// Softmax and logarithm are one operation here. Apart, e^x overflows for x > 88 in f32, and log(0) follows
/// for the improbable; together, log Σ e^x = max + log Σ e^(x - max) is safe for all logits.
Variable cross_entropy(const Variable& logits, const Tensor& targets, const Tensor& weights = {});

}  // namespace gpt
