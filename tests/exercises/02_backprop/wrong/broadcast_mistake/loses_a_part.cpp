// Says: and with its own sign?
#include "exercises/02_backprop/broadcast_mistake.hpp"

#include "01_tensors/elementwise.hpp"

namespace gpt {

Variable squared_difference(const Variable& a, const Variable& b) {
  const Tensor d = a.value() - b.value();
  return record("squared_difference", d * d, {a, b}, [=](const Tensor& g) {
    const Tensor to_a = g * d * 2.0;
    if (a.node()) a.node()->accumulate(sum_to(to_a, a.shape()));
    if (b.node()) b.node()->accumulate(sum_to(to_a * -1.0, b.shape()));
  });
}

Variable affine(const Variable& x, const Variable& scale, const Variable& shift) {
  return record("affine", x.value() * scale.value() + shift.value(), {x, scale, shift}, [=](const Tensor& g) {
    if (x.node()) x.node()->accumulate(sum_to(g * scale.value(), x.shape()));
    if (scale.node()) scale.node()->accumulate(sum_to(g * x.value(), scale.shape()));
    if (shift.node()) shift.node()->accumulate(sum_to(g, shift.shape()));
  });
}

Variable mixture(const Variable& w, const Variable& a, const Variable& b) {
  const Tensor d = a.value() - b.value();
  return record("mixture", b.value() + w.value() * d, {w, a, b}, [=](const Tensor& g) {
    const Tensor to_a = g * w.value();
    if (w.node()) w.node()->accumulate(sum_to(g * d, w.shape()));
    if (a.node()) a.node()->accumulate(sum_to(to_a, a.shape()));
    if (b.node()) b.node()->accumulate(sum_to(g, b.shape()));  // b's shape: it was a's
  });
}

}  // namespace gpt
