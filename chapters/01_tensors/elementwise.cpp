#include "01_tensors/elementwise.hpp"

#include <array>
#include <cmath>
#include <limits>

namespace gpt {
namespace {

// [fold]
/// Folds dimension `dimension` with f(accumulator, element), in double precision. f must be associative, and
/// `start` change nothing: a long row is folded in sixteen parts, which one vector register computes at once.
template <class F>
Tensor fold(const Tensor& x, int dimension, double start, F&& f) {
  dimension = x.shape().index(dimension);
  const Tensor y = Tensor::full(x.shape().without(dimension), start, DType::f64);
  const Shape kept = y.shape().with(dimension, 1);
  const Tensor accumulator = y.reshape(kept).expand(x.shape());  // stride 0 along the folded dimension
  dispatch_real(x.dtype(), "reduction", [&](auto zero) {
    using T = decltype(zero);
    for_each_row(
        [&f, start](int64_t n, Row<double> out, Row<T> in) {
          if (out.stride != 0) {
            for (int64_t i = 0; i < n; ++i) out[i] = f(out[i], static_cast<double>(in[i]));
            return;
          }
          constexpr int64_t parts = 16;
          std::array<double, parts> part;
          part.fill(start);
          int64_t i = 0;
          if (in.stride == 1)
            for (; i + parts <= n; i += parts)
              for (int64_t p = 0; p < parts; ++p) part[p] = f(part[p], static_cast<double>(in.data[i + p]));
          for (; i < n; ++i) part[0] = f(part[0], static_cast<double>(in[i]));
          for (const double value : part) out[0] = f(out[0], value);
        },
        strided<double>(accumulator), strided<T>(x));
  });
  return y.to(x.dtype());
}
// [/fold]

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
  return fold(x, dimension, 0.0, [](double total, double value) { return total + value; });
}

Tensor max(const Tensor& x, int dimension) {
  return fold(x, dimension, -std::numeric_limits<double>::infinity(),
              [](double best, double value) { return value > best || std::isnan(value) ? value : best; });
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
        const double difference = x == y ? 0.0 : std::abs(x - y);  // equal infinities do not differ
        if (!(difference <= worst)) worst = std::isnan(worst) ? worst : difference;  // NaN comes in and stays
      },
      strided<double>(a.to(DType::f64)), strided<double>(b.to(DType::f64)));
  return worst;
}

}  // namespace gpt
