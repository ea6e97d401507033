#include "02_backprop/operations.hpp"

#include <cmath>

#include "01_tensors/elementwise.hpp"
#include "01_tensors/matmul.hpp"
#include "02_backprop/pointwise.hpp"

namespace gpt {

// [arithmetic]
Variable operator+(const Variable& a, const Variable& b) {
  return record("add", a.value() + b.value(), {a, b},
                [a = a.node(), b = b.node(), shape_a = a.shape(), shape_b = b.shape()](const Tensor& g) {
                  if (a) a->accumulate(sum_to(g, shape_a));
                  if (b) b->accumulate(sum_to(g, shape_b));
                });
}

Variable operator*(const Variable& a, const Variable& b) {
  return record("multiply", a.value() * b.value(), {a, b}, [a, b](const Tensor& g) {
    if (a.node()) a.node()->accumulate(sum_to(g * b.value(), a.shape()));
    if (b.node()) b.node()->accumulate(sum_to(g * a.value(), b.shape()));
  });
}
// [/arithmetic]

Variable operator-(const Variable& a, const Variable& b) {
  return record("subtract", a.value() - b.value(), {a, b},
                [a = a.node(), b = b.node(), shape_a = a.shape(), shape_b = b.shape()](const Tensor& g) {
                  if (a) a->accumulate(sum_to(g, shape_a));
                  if (b) b->accumulate(-sum_to(g, shape_b));
                });
}

Variable operator/(const Variable& a, const Variable& b) {
  const Tensor y = a.value() / b.value();
  return record("divide", y, {a, b}, [a = a.node(), shape_a = a.shape(), b, y](const Tensor& g) {
    const Tensor by_b = g / b.value();
    if (a) a->accumulate(sum_to(by_b, shape_a));
    if (b.node()) b.node()->accumulate(-sum_to(by_b * y, b.shape()));
  });
}

Variable operator*(const Variable& a, double factor) {
  return record("scale", a.value() * factor, {a},
                [node = a.node(), factor](const Tensor& g) { node->accumulate(g * factor); });
}
Variable operator*(double factor, const Variable& a) {
  return a * factor;
}
Variable operator-(const Variable& a) {
  return a * -1.0;
}
Variable operator+(const Variable& a, double constant) {
  return a + Variable(Tensor::scalar(constant, a.dtype()));
}

Variable exp(const Variable& x) {
  return pointwise(
      "exp", x, [](auto v) { return std::exp(v); }, [](auto, auto y) { return y; });
}
Variable log(const Variable& x) {
  return pointwise(
      "log", x, [](auto v) { return std::log(v); }, [](auto v, auto) { return 1 / v; });
}
Variable tanh(const Variable& x) {
  return pointwise(
      "tanh", x, [](auto v) { return std::tanh(v); }, [](auto, auto y) { return 1 - y * y; });
}
Variable square(const Variable& x) {
  return pointwise(
      "square", x, [](auto v) { return v * v; }, [](auto v, auto) { return 2 * v; });
}

// [matmul]
Variable matmul(const Variable& a, const Variable& b) {
  return record("matmul", matmul(a.value(), b.value()), {a, b}, [a, b](const Tensor& g) {
    if (a.node()) a.node()->accumulate(sum_to(matmul(g, b.value().transpose(-2, -1)), a.shape()));
    if (b.node()) b.node()->accumulate(sum_to(matmul(a.value().transpose(-2, -1), g), b.shape()));
  });
}
// [/matmul]

Variable sum(const Variable& x) {
  return record("sum", sum(x.value()), {x},
                [node = x.node(), shape = x.shape()](const Tensor& g) { node->accumulate(g.expand(shape)); });
}

Variable sum(const Variable& x, int dimension) {
  dimension = x.shape().index(dimension);
  return record("sum", sum(x.value(), dimension), {x},
                [node = x.node(), shape = x.shape(), dimension](const Tensor& g) {
                  node->accumulate(g.contiguous().reshape(g.shape().with(dimension, 1)).expand(shape));
                });
}

Variable mean(const Variable& x) {
  return sum(x) * (1.0 / static_cast<double>(x.value().elements()));
}

Variable reshape(const Variable& x, const Shape& shape) {
  return record("reshape", x.value().reshape(shape), {x},
                [node = x.node(), from = x.shape()](const Tensor& g) {
                  node->accumulate(g.contiguous().reshape(from));
                });
}

Variable transpose(const Variable& x, int a, int b) {
  return record("transpose", x.value().transpose(a, b), {x},
                [node = x.node(), a, b](const Tensor& g) { node->accumulate(g.transpose(a, b)); });
}

Variable slice(const Variable& x, int dimension, int64_t from, int64_t to) {
  return record("slice", x.value().slice(dimension, from, to), {x},
                [node = x.node(), shape = x.shape(), dimension, from, to](const Tensor& g) {
                  const Tensor whole = Tensor::zeros(shape, g.dtype());
                  whole.slice(dimension, from, to).copy_from(g);
                  node->accumulate(whole);
                });
}

}  // namespace gpt
