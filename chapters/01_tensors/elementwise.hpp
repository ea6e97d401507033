#pragma once
// Arithmetic on whole tensors: elementwise with broadcasting, and sums. For f32 and f64, in plain loops.

#include "01_tensors/strided.hpp"
#include "01_tensors/tensor.hpp"

namespace gpt {

/// f(x) for every element.
template <class F>
Tensor map(const Tensor& x, F&& f) {
  Tensor y(x.shape(), x.dtype());
  dispatch_real(x.dtype(), "map", [&](auto zero) {
    using T = decltype(zero);
    for_each_element([&f](T& out, T in) { out = static_cast<T>(f(in)); }, strided<T>(y), strided<T>(x));
  });
  return y;
}

/// f(a, b) for every pair of elements; the shapes broadcast.
template <class F>
Tensor map(const Tensor& a, const Tensor& b, F&& f) {
  GPT_CHECK_EQ(a.dtype(), b.dtype());
  const Shape shape = broadcast_shapes(a.shape(), b.shape());
  Tensor y(shape, a.dtype());
  dispatch_real(a.dtype(), "map", [&](auto zero) {
    using T = decltype(zero);
    for_each_element([&f](T& out, T left, T right) { out = static_cast<T>(f(left, right)); }, strided<T>(y),
                     strided<T>(a.expand(shape)), strided<T>(b.expand(shape)));
  });
  return y;
}

Tensor operator+(const Tensor& a, const Tensor& b);
Tensor operator-(const Tensor& a, const Tensor& b);
Tensor operator*(const Tensor& a, const Tensor& b);
Tensor operator/(const Tensor& a, const Tensor& b);
Tensor operator*(const Tensor& a, double factor);
Tensor operator-(const Tensor& a);

/// a += factor·b, in place; b broadcasts to a. Also for bf16.
/// b may be a itself, but no other view of its elements.
void add_to(const Tensor& a, const Tensor& b, double factor = 1.0);

/// The sum of all elements, as a scalar tensor. All sums are taken in double precision.
Tensor sum(const Tensor& x);
/// The sum over one dimension, which disappears.
Tensor sum(const Tensor& x, int dimension);
/// The largest element along one dimension, which disappears; NaN where there is one.
Tensor max(const Tensor& x, int dimension);
/// The sum over whatever broadcasting from `shape` had repeated: the reverse of expand(), and its gradient.
/// `x` itself, sharing its storage, when it has that shape already.
Tensor sum_to(const Tensor& x, const Shape& shape);

/// The largest |a - b| in double precision; NaN when an element of either is NaN.
double max_difference(const Tensor& a, const Tensor& b);

}  // namespace gpt
