#pragma once
// The pattern of every operation that works on each element by itself.

#include <utility>

#include "01_tensors/elementwise.hpp"
#include "02_backprop/variable.hpp"

namespace gpt {

// [pointwise]
/// The operation y = f(x) on each element. derivative(x, y) is dy/dx: many derivatives are simplest in terms
/// of the result, as 1 - y² for tanh. Both take and return the element's own type, f32 or f64.
template <class F, class D>
Variable pointwise(std::string_view name, const Variable& x, F&& f, D derivative) {
  const Tensor y = map(x.value(), f);
  return record(name, y, {x}, [node = x.node(), x = x.value(), y, derivative](const Tensor& g) {
    node->accumulate(g * map(x, y, derivative));
  });
}
// [/pointwise]

}  // namespace gpt
