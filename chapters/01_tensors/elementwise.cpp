#include "01_tensors/elementwise.hpp"

#include <cmath>
#include <limits>

namespace gpt {
namespace {

/// Folds dimension `dimension` with f(accumulator, element), starting from `start`.
template <class F>
Tensor fold(const Tensor& x, int dimension, double start, F&& f) {
  dimension = x.shape().index(dimension);
  Tensor y = Tensor::full(x.shape().without(dimension), start, x.dtype());
  const Shape kept = y.shape().with(dimension, 1);
  const Tensor accumulator = y.reshape(kept).expand(x.shape());  // stride 0 along the folded dimension
  dispatch_real(x.dtype(), "reduction", [&](auto zero) {
    using T = decltype(zero);
    for_each_element([&f](T& out, T in) { out = f(out, in); }, strided<T>(accumulator), strided<T>(x));
  });
  return y;
}

}  // namespace

Tensor operator+(const Tensor& a, const Tensor& b) {
  return map(a, b, [](auto x, auto y) { return x + y; });
}
Tensor operator-(const Tensor& a, const Tensor& b) {
  return map(a, b, [](auto x, auto y) { return x - y; });
}
Tensor operator*(const Tensor& a, const Tensor& b) {
  return map(a, b, [](auto x, auto y) { return x * y; });
}
Tensor operator/(const Tensor& a, const Tensor& b) {
  return map(a, b, [](auto x, auto y) { return x / y; });
}
Tensor operator*(const Tensor& a, double factor) {
  return map(a, [factor](auto x) { return x * static_cast<decltype(x)>(factor); });
}
Tensor operator-(const Tensor& a) {
  return a * -1.0;
}

void add_to(const Tensor& a, const Tensor& b, double factor) {
  GPT_CHECK_EQ(a.dtype(), b.dtype());
  if (a.dtype() == DType::bf16) {
    const auto scale = static_cast<float>(factor);
    for_each_element(
        [scale](bf16& x, const bf16& y) { x = bf16(static_cast<float>(x) + scale * static_cast<float>(y)); },
        strided<bf16>(a), strided<bf16>(b.expand(a.shape())));
    return;
  }
  dispatch_real(a.dtype(), "add_to", [&](auto zero) {
    using T = decltype(zero);
    const T scale = static_cast<T>(factor);
    for_each_element([scale](T& x, T y) { x += scale * y; }, strided<T>(a), strided<T>(b.expand(a.shape())));
  });
}

Tensor sum(const Tensor& x) {
  return sum(x.contiguous().reshape({x.elements()}), 0);
}

Tensor sum(const Tensor& x, int dimension) {
  return fold(x, dimension, 0.0, [](auto total, auto value) { return total + value; });
}

Tensor max(const Tensor& x, int dimension) {
  return fold(x, dimension, -std::numeric_limits<double>::infinity(),
              [](auto best, auto value) { return value > best ? value : best; });
}

// [sum_to]
Tensor sum_to(const Tensor& x, const Shape& shape) {
  Tensor result = x;
  while (result.rank() > shape.rank()) result = sum(result, 0);
  for (int d = 0; d < shape.rank(); ++d)
    if (shape[d] == 1 && result.size(d) != 1)
      result = sum(result, d).reshape(result.shape().without(d).with(d, 1));
  GPT_CHECK_EQ(result.shape(), shape);
  return result;
}
// [/sum_to]

double max_difference(const Tensor& a, const Tensor& b) {
  GPT_CHECK_EQ(a.shape(), b.shape());
  double worst = 0.0;
  for_each_element(
      [&worst](double x, double y) {
        const double difference = std::abs(x - y);
        if (!(difference <= worst)) worst = difference;  // also taken when the difference is NaN
      },
      strided<double>(a.to(DType::f64)), strided<double>(b.to(DType::f64)));
  return worst;
}

}  // namespace gpt
