// Says: sum into a tensor of your own
#include "exercises/02_backprop/cumulative_sum.hpp"

namespace gpt {
namespace {

/// Sums from the first element on, or from the last.
template <class T>
Tensor running_sums(const Tensor& x, bool backwards) {
  const Tensor dense = x.contiguous(), y = backwards ? dense : Tensor(x.shape(), x.dtype());
  const int64_t n = x.size(0);
  T sum = 0;
  for (int64_t k = 0; k < n; ++k) {
    const int64_t i = backwards ? n - 1 - k : k;
    sum += dense.data<T>()[i];
    y.data<T>()[i] = sum;
  }
  return y;
}

Tensor running_sums_of(const Tensor& x, bool backwards) {
  return x.dtype() == DType::f64 ? running_sums<double>(x, backwards) : running_sums<float>(x, backwards);
}

}  // namespace

Variable cumulative_sum(const Variable& x) {
  return record(
      "cumulative_sum", running_sums_of(x.value(), false), {x}, [node = x.node()](const Tensor& gradient) {
        node->accumulate(
            running_sums_of(gradient, true));  // x[i] is part of y[i], y[i + 1], …: of all later ones
      });
}

}  // namespace gpt
