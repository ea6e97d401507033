#include <algorithm>

#include "01_tensors/strided.hpp"
#include "05_gpt/cpu_backend.hpp"
#include "05_gpt/cpu_vector.hpp"

namespace gpt {

using cpu::load;
using cpu::store;

// [gelu]
void CpuBackend::gelu_forward(const Tensor& y, const Tensor& x) {
  cpu::dispatch_activation(x, [&](auto zero) {
    using A = decltype(zero);
    cpu::for_each_block(x.elements(), [&](int64_t, int64_t from, int64_t to) {
      cpu::map_vectors(
          from, to, [](cpu::Vector v) { return cpu::gelu(v).value; }, y.data<A>(), x.data<A>());
    });
  });
}
// [/gelu]

void CpuBackend::gelu_backward(const Tensor& dx, const Tensor& dy, const Tensor& x) {
  cpu::dispatch_activation(x, [&](auto zero) {
    using A = decltype(zero);
    cpu::for_each_block(x.elements(), [&](int64_t, int64_t from, int64_t to) {
      const auto derivative = [](cpu::Vector d, cpu::Vector v) { return d * cpu::gelu(v).derivative; };
      cpu::map_vectors(from, to, derivative, dx.data<A>(), dy.data<A>(), x.data<A>());
    });
  });
}

void CpuBackend::dropout_forward(const Tensor& y, const Tensor& x, const Tensor& residual,
                                 const Dropout& dropout) {
  const int64_t B = x.size(0), size = x.elements() / std::max<int64_t>(B, 1);
  cpu::dispatch_activation(x, [&](auto zero) {
    using A = decltype(zero);
    const A *in = x.data<A>(), *base = residual.defined() ? residual.data<A>() : nullptr;
    A* out = y.data<A>();
#pragma omp parallel for collapse(2) schedule(static)
    for (int64_t b = 0; b < B; ++b)
      for (int64_t i = 0; i < size; ++i) {
        const int64_t at = b * size + i;
        store(out[at], (base ? load(base[at]) : 0.0f) + load(in[at]) * dropout.factor(b, i));
      }
  });
}

void CpuBackend::dropout_backward(const Tensor& dx, const Tensor& dy, const Dropout& dropout) {
  dropout_forward(dx, dy, {}, dropout);
}

namespace {

/// The sum of f(x[i]) in double precision: blocks in parallel, then the blocks' sums in order.
template <class F>
double sum_of(const Tensor& x, F f) {
  double partial[cpu::sum_blocks];
  cpu::for_each_block(x.elements(), [&](int64_t block, int64_t from, int64_t to) {
    const float* in = x.data<float>();
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = from; i < to; ++i) sum += f(in[i]);
    partial[block] = sum;
  });
  double total = 0;
  for (const double sum : partial) total += sum;
  return total;
}

}  // namespace

double CpuBackend::sum(const Tensor& x) {
  return sum_of(x, [](float value) { return static_cast<double>(value); });
}

double CpuBackend::sum_of_squares(const Tensor& x) {
  return sum_of(x, [](float value) { return static_cast<double>(value) * static_cast<double>(value); });
}

void CpuBackend::fill(const Tensor& x, double value) {
  dispatch(x.dtype(), [&](auto zero) {
    using A = decltype(zero);
    const A converted = convert<A>(value);
    A* out = x.data<A>();
#pragma omp parallel for simd schedule(static)
    for (int64_t i = 0; i < x.elements(); ++i) out[i] = converted;
  });
}

void CpuBackend::cast(const Tensor& to, const Tensor& from) {
  GPT_CHECK_EQ(to.shape(), from.shape());
  dispatch(to.dtype(), [&](auto out_zero) {
    dispatch(from.dtype(), [&](auto in_zero) {
      const auto* in = from.data<decltype(in_zero)>();
      auto* out = to.data<decltype(out_zero)>();
#pragma omp parallel for simd schedule(static)
      for (int64_t i = 0; i < to.elements(); ++i) out[i] = convert<decltype(out_zero)>(in[i]);
    });
  });
}

void CpuBackend::add(const Tensor& a, const Tensor& b) {
  GPT_CHECK_EQ(a.shape(), b.shape());
  cpu::dispatch_activation(a, [&](auto zero) {
    using A = decltype(zero);
    cpu::for_each_block(a.elements(), [&](int64_t, int64_t from, int64_t to) {
      const auto plus = [](cpu::Vector left, cpu::Vector right) { return left + right; };
      cpu::map_vectors(from, to, plus, a.data<A>(), a.data<A>(), b.data<A>());
    });
  });
}

}  // namespace gpt
