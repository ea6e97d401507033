#pragma once
// The proof of a backward pass: its gradients against finite differences.

#include <functional>
#include <string>
#include <vector>

#include "02_backprop/variable.hpp"

namespace gpt {

/// What gradient_check() found.
struct GradientCheck {
  double worst = 0.0;  ///< the largest |analytic - numeric| / max(1, |analytic|, |numeric|)
  std::string where;   ///< which input and which element it was, with both values
};

/// Compares the gradients of the scalar f(leaves) with central differences (f(x+h) - f(x-h)) / 2h, element by
/// element. The leaves must be f64: the difference of two nearly equal numbers loses half the digits, and f32
/// has too few. With h = 1e-5 a correct gradient comes out below about 1e-8.
GradientCheck gradient_check(const std::function<Variable(const std::vector<Variable>&)>& f,
                             const std::vector<Tensor>& leaves, double h = 1e-5);

}  // namespace gpt
