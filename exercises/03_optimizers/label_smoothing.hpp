#pragma once

#include "02_backprop/variable.hpp"

namespace gpt {

/// Cross-entropy against softened targets (Szegedy and others, 2016, section 7): the target has the
/// probability 1 - smoothing + smoothing / V, every other class smoothing / V. The mean over the rows, as a
/// scalar, and recorded on the tape. logits: (N, V), f32 or f64; targets: (N), i32.
Variable smoothed_cross_entropy(const Variable& logits, const Tensor& targets, double smoothing);

}  // namespace gpt
