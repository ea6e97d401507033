#pragma once
// Walking over the elements of strided tensors: the one loop behind every elementwise operation.

#include <tuple>
#include <type_traits>

#include "01_tensors/tensor.hpp"

namespace gpt {

/// `value` as a To, by way of float where bf16 is involved.
/// To a whole number it is cut towards zero, and must fit.
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

/// A host tensor as its loop sees it.
template <class T>
struct Strided {
  T* data;
  Shape shape;
  Shape strides;
  bool contiguous;
};

template <class T>
Strided<T> strided(const Tensor& tensor) {
  GPT_CHECK(tensor.device() == Device::cpu, "the processor cannot read a tensor on {}",
            name_of(tensor.device()));
  return {tensor.data<T>(), tensor.shape(), tensor.strides(), tensor.is_contiguous()};
}

/// The elements of one tensor along the innermost dimension.
template <class T>
struct Row {
  T* data;
  int64_t stride;

  T& operator[](int64_t i) const { return data[i * stride]; }
};

// [for_each_row]
/// Calls f(n, row, row, …) for every run of n elements along the innermost dimension of tensors of one shape,
/// in row-major order. Tensors that are all contiguous are one single run.
template <class F, class... T>
void for_each_row(F&& f, const Strided<T>&... tensors) {
  const Shape& shape = std::get<0>(std::tie(tensors...)).shape;
  GPT_CHECK(((tensors.shape == shape) && ...), "a walk over tensors of different shapes");
  if (shape.elements() == 0) return;
  if ((tensors.contiguous && ...)) return f(shape.elements(), Row<T>{tensors.data, 1}...);
  const int inner = shape.rank() - 1;  // not contiguous, so there is at least one dimension
  const auto walk = [&](const auto& self, int d, auto*... starts) -> void {
    if (d == inner) return f(shape[d], Row<T>{starts, tensors.strides[d]}...);
    for (int64_t i = 0; i < shape[d]; ++i) self(self, d + 1, (starts + i * tensors.strides[d])...);
  };
  walk(walk, 0, tensors.data...);
}
// [/for_each_row]

// [for_each]
/// Calls f(x, y, …) for the elements of tensors of one shape, in row-major order.
template <class F, class... T>
void for_each_element(F&& f, const Strided<T>&... tensors) {
  for_each_row(
      [&f](int64_t n, auto... rows) {
        if (((rows.stride == 1) && ...))  // plain arrays: a loop that the compiler vectorises
          for (int64_t i = 0; i < n; ++i) f(rows.data[i]...);
        else
          for (int64_t i = 0; i < n; ++i) f(rows[i]...);
      },
      tensors...);
}
// [/for_each]

}  // namespace gpt
