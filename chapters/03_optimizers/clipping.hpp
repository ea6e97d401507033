#pragma once
// A bound on the length of one step.

#include <algorithm>
#include <cmath>

#include "01_tensors/elementwise.hpp"

namespace gpt {

// [clipping]
/// The Euclidean length of all gradients as one long vector, summed in double in the order of the buffer.
inline double global_norm(const Tensor& gradients) {
  double sum = 0.0;
  dispatch_real(gradients.dtype(), "global_norm", [&](auto zero) {
    using T = decltype(zero);
    for_each_element([&sum](T g) { sum += static_cast<double>(g) * static_cast<double>(g); },
                     strided<T>(gradients));
  });
  return std::sqrt(sum);
}

/// What to multiply gradients of length `norm` by, so that they are at most `max_norm` long (Pascanu, Mikolov
/// and Bengio, 2013). The 1e-6 is PyTorch's, and guards against a division by zero. NaN when `norm` is.
inline double clip_factor(double norm, double max_norm) {
  return std::min(max_norm / (norm + 1e-6), 1.0);
}

/// Shortens the gradients to `max_norm` in place and returns the norm they had. The direction stays;
/// gradients that are short enough are not touched at all.
inline double clip_gradients(const Tensor& gradients, double max_norm) {
  GPT_CHECK(max_norm > 0.0, "clipping to a norm of {}", max_norm);
  const double norm = global_norm(gradients);
  const double factor = clip_factor(norm, max_norm);
  if (factor != 1.0) gradients.copy_from(gradients * factor);
  return norm;
}
// [/clipping]

}  // namespace gpt
