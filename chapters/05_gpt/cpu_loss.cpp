#include <algorithm>
#include <cmath>
#include <limits>

#include "05_gpt/cpu_backend.hpp"
#include "05_gpt/cpu_vector.hpp"

namespace gpt {

// [cross_entropy]
void CpuBackend::cross_entropy_forward(const Tensor& losses, const Tensor& lse, const Tensor& logits,
                                       const Tensor& targets) {
  const int64_t N = logits.size(0), V = logits.size(1);
  const int32_t* wanted = targets.data<int32_t>();
  GPT_CHECK(std::all_of(wanted, wanted + N, [V](int32_t id) { return id < V; }), "a target outside 0 … {}",
            V - 1);
#pragma omp parallel for schedule(static)
  for (int64_t n = 0; n < N; ++n) {
    const float* row = logits.data<float>() + n * V;
    float largest = -std::numeric_limits<float>::infinity(), sum = 0;
#pragma omp simd reduction(max : largest)
    for (int64_t v = 0; v < V; ++v) largest = row[v] > largest ? row[v] : largest;
#pragma omp simd reduction(+ : sum)
    for (int64_t v = 0; v < V; ++v) sum += cpu::fast_exp(row[v] - largest);
    const float log_sum = largest + std::log(sum);
    const int32_t target = wanted[n];
    lse.data<float>()[n] = log_sum;
    losses.data<float>()[n] = target < 0 ? 0.0f : log_sum - row[target];
  }
}

void CpuBackend::cross_entropy_backward(const Tensor& d_logits, const Tensor& logits, const Tensor& lse,
                                        const Tensor& targets, double scale) {
  const int64_t N = logits.size(0), V = logits.size(1);
  cpu::dispatch_activation(d_logits, [&](auto zero) {
    using A = decltype(zero);
#pragma omp parallel for schedule(static)
    for (int64_t n = 0; n < N; ++n) {
      const float* row = logits.data<float>() + n * V;
      A* out = d_logits.data<A>() + n * V;
      const int32_t target = targets.data<int32_t>()[n];
      const float log_sum = lse.data<float>()[n], factor = target < 0 ? 0.0f : static_cast<float>(scale);
      const bool here = target >= 0 && target < V;
      const float at_target =
          here ? row[target] : 0.0f;  // read before out, which may be the same, is written
#pragma omp simd
      for (int64_t v = 0; v < V; ++v) cpu::store(out[v], factor * cpu::fast_exp(row[v] - log_sum));
      if (here) cpu::store(out[target], factor * (cpu::fast_exp(at_target - log_sum) - 1.0f));
    }
  });
}
// [/cross_entropy]

}  // namespace gpt
