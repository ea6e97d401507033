#pragma once
// Walking over the elements of strided tensors: the one loop behind every elementwise operation.

#include <type_traits>

#include "01_tensors/tensor.hpp"

namespace gpt {

/// `value` as a To, by way of float where bf16 is involved.
template <class To, class From>
To convert(From value) {
  if constexpr (std::is_same_v<To, From>)
    return value;
  else if constexpr (std::is_same_v<From, bf16>)
    return static_cast<To>(static_cast<float>(value));
  else if constexpr (std::is_same_v<To, bf16>)
    return bf16(static_cast<float>(value));
  else
    return static_cast<To>(value);
}

/// A tensor as its loop sees it.
template <class T>
struct Strided {
  T* data;
  Shape shape;
  Shape strides;
  bool contiguous;
};

template <class T>
Strided<T> strided(const Tensor& tensor) {
  return {tensor.data<T>(), tensor.shape(), tensor.strides(), tensor.is_contiguous()};
}

// [for_each]
/// Calls f(x, y, …) for the elements of tensors of one shape, in row-major order.
template <class F, class T, class... Rest>
void for_each_element(F&& f, const Strided<T>& first, const Strided<Rest>&... rest) {
  const Shape& shape = first.shape;
  const int64_t n = shape.elements();
  if (n == 0) return;
  if (first.contiguous &&
      (rest.contiguous && ...)) {  // plain arrays: one loop, which the compiler vectorises
    for (int64_t i = 0; i < n; ++i) f(first.data[i], rest.data[i]...);
    return;
  }
  const int inner = shape.rank() - 1;  // not contiguous, so there is at least one dimension
  const int64_t rows = n / shape[inner];
  for (int64_t row = 0; row < rows; ++row) {
    // Where the row starts in each tensor: its number, written with the outer sizes as digits, times the
    // strides.
    const auto start = [&](const Shape& strides) {
      int64_t position = 0, remaining = row;
      for (int d = inner - 1; d >= 0; --d) {
        position += remaining % shape[d] * strides[d];
        remaining /= shape[d];
      }
      return position;
    };
    const auto walk = [&](auto* x, auto*... others) {
      for (int64_t i = 0; i < shape[inner]; ++i)
        f(x[i * first.strides[inner]], others[i * rest.strides[inner]]...);
    };
    walk(first.data + start(first.strides), (rest.data + start(rest.strides))...);
  }
}
// [/for_each]

}  // namespace gpt
