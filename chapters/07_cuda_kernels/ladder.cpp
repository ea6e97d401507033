#include "07_cuda_kernels/ladder.hpp"

#include "01_tensors/philox.hpp"

namespace gpt {

double relative_error(const Tensor& got, const Tensor& wanted) {
  const Tensor a = got.to(DType::f64), b = wanted.to(DType::f64);
  GPT_CHECK_EQ(a.elements(), b.elements());
  double difference = 0, largest = 0;
  for (int64_t i = 0; i < a.elements(); ++i) {
    const double x = a.data<double>()[i], y = b.data<double>()[i];
    // Written so that a NaN counts as infinitely wrong.
    difference = std::abs(x - y) <= difference ? difference : std::isnan(x - y) ? HUGE_VAL : std::abs(x - y);
    largest = std::max(largest, std::abs(y));
  }
  return difference == 0 ? 0 : difference / std::max(largest, 1e-30);
}

constexpr int64_t period = 1'000'003;  // a prime: rows of a matrix differ

Tensor random_values(const Shape& shape, uint64_t seed) {
  const RandomStream random(seed, RandomUse::example);
  Tensor values(shape, DType::f64);
  double* x = values.data<double>();
  const int64_t n = values.elements(), own = std::min(n, period);
  for (int64_t i = 0; i < own; ++i) x[i] = static_cast<float>(bf16(random.normal(static_cast<uint64_t>(i))));
  for (int64_t i = own; i < n; ++i) x[i] = x[i - period];
  return values;
}

}  // namespace gpt
