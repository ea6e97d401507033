#include "09_averaging/reduce.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "01_tensors/strided.hpp"

namespace gpt {
namespace {

constexpr int64_t block = 1024;  // elements: small enough to stay in the first cache

/// total[i] = total[i] op x[i]
template <class T>
void combine(Accumulator<T>* total, const T* x, int64_t count, ReduceOp op) {
  using A = Accumulator<T>;
  if (op == ReduceOp::max)
    for (int64_t i = 0; i < count; ++i) total[i] = std::max(total[i], convert<A>(x[i]));
  else
    for (int64_t i = 0; i < count; ++i) total[i] += convert<A>(x[i]);
}

}  // namespace

// [reduce]
void reduce(DType dtype, std::span<const std::byte* const> inputs, ReduceOp op,
            std::span<std::byte* const> outputs, int64_t elements) {
  dispatch(dtype, [&](auto zero) {
    using T = decltype(zero);
    using A = Accumulator<T>;
    std::array<A, block> total;
    for (int64_t start = 0; start < elements; start += block) {
      const int64_t count = std::min(block, elements - start);
      const T* first = reinterpret_cast<const T*>(inputs[0]) + start;
      for (int64_t i = 0; i < count; ++i) total[i] = convert<A>(first[i]);
      for (const std::byte* input : inputs.subspan(1))
        combine<T>(total.data(), reinterpret_cast<const T*>(input) + start, count, op);
      if (op == ReduceOp::average)
        for (int64_t i = 0; i < count; ++i) total[i] /= static_cast<A>(inputs.size());
      for (std::byte* output : outputs) {
        T* result = reinterpret_cast<T*>(output) + start;
        for (int64_t i = 0; i < count; ++i) result[i] = convert<T>(total[i]);
      }
    }
  });
}
// [/reduce]

void reduce(std::span<const Tensor> inputs, ReduceOp op, std::span<const Tensor> outputs) {
  std::vector<const std::byte*> from;
  std::vector<std::byte*> to;
  for (const Tensor& input : inputs) from.push_back(input.bytes_data());
  for (const Tensor& output : outputs) to.push_back(output.bytes_data());
  reduce(inputs[0].dtype(), from, op, to, inputs[0].elements());
}

void reduce_pair(DType dtype, const void* from, void* into, int64_t count, ReduceOp op) {
  dispatch(dtype, [&](auto zero) {
    using T = decltype(zero);
    using A = Accumulator<T>;
    const T* x = static_cast<const T*>(from);
    T* y = static_cast<T*>(into);
    if (op == ReduceOp::max)
      for (int64_t i = 0; i < count; ++i) y[i] = convert<T>(std::max(convert<A>(y[i]), convert<A>(x[i])));
    else
      for (int64_t i = 0; i < count; ++i) y[i] = convert<T>(convert<A>(y[i]) + convert<A>(x[i]));
  });
}

void divide(const Tensor& tensor, int divisor) {
  dispatch(tensor.dtype(), [&](auto zero) {
    using T = decltype(zero);
    using A = Accumulator<T>;
    for (T& x : tensor.span<T>()) x = convert<T>(convert<A>(x) / static_cast<A>(divisor));
  });
}

std::string_view name_of(ReduceOp op) {
  switch (op) {
    case ReduceOp::sum:
      return "sum";
    case ReduceOp::max:
      return "max";
    case ReduceOp::average:
      return "average";
  }
  return "?";
}

}  // namespace gpt
