#include <cmath>

#include "05_gpt/cpu_backend.hpp"
#include "05_gpt/cpu_vector.hpp"

namespace gpt {

// [adamw]
void CpuBackend::adamw(const Tensor& value, const Tensor& gradient, const Tensor& m, const Tensor& v,
                       const Tensor& compute_copy, const AdamWStep& step) {
  const auto beta1 = static_cast<float>(step.beta1), beta2 = static_cast<float>(step.beta2);
  const auto scale = static_cast<float>(step.gradient_scale), epsilon = static_cast<float>(step.epsilon);
  // lr · m̂ / (√v̂ + ε) with m̂ = m / c₁ and v̂ = v / c₂: the corrections move out of the loop. With β₂ = 1, v
  // stays as it is, and there is nothing to correct.
  const double c1 = 1.0 - std::pow(step.beta1, static_cast<double>(step.step));
  const double c2 = step.beta2 < 1.0 ? 1.0 - std::pow(step.beta2, static_cast<double>(step.step)) : 1.0;
  const auto rate = static_cast<float>(step.learning_rate / c1),
             root = static_cast<float>(1.0 / std::sqrt(c2));
  const auto keep = static_cast<float>(1.0 - step.learning_rate * step.weight_decay);

  float *x = value.data<float>(), *first = m.data<float>(), *second = v.data<float>();
  const float* g = gradient.data<float>();
  bf16* copy = compute_copy.defined() ? compute_copy.data<bf16>() : nullptr;
  const auto update = [=](int64_t i) {
    const float d = scale * g[i];
    first[i] = beta1 * first[i] + (1.0f - beta1) * d;
    second[i] = beta2 * second[i] + (1.0f - beta2) * d * d;
    x[i] = keep * x[i] - rate * first[i] / (std::sqrt(second[i]) * root + epsilon);
  };
  const int64_t n = value.elements();
  if (copy) {
#pragma omp parallel for simd schedule(static)
    for (int64_t i = 0; i < n; ++i) {
      update(i);
      cpu::store(copy[i], x[i]);
    }
  } else {
#pragma omp parallel for simd schedule(static)
    for (int64_t i = 0; i < n; ++i) update(i);
  }
}
// [/adamw]

}  // namespace gpt
