// Says: the target as well: it has 0.8 + 0.1
#include "exercises/03_optimizers/label_smoothing.hpp"

#include <algorithm>
#include <cmath>

namespace gpt {

Variable smoothed_cross_entropy(const Variable& logits, const Tensor& targets, double smoothing) {
  const Tensor x = logits.value().to(DType::f64).contiguous();
  const int64_t N = x.size(0), V = x.size(1);
  const Tensor gradient({N, V}, DType::f64);  // with respect to the logits: (p - y) / N
  double loss = 0.0;
  for (int64_t n = 0; n < N; ++n) {
    const double* row = x.data<double>() + n * V;
    const double largest = *std::max_element(row, row + V);
    double sum = 0.0;
    for (int64_t v = 0; v < V; ++v) sum += std::exp(row[v] - largest);
    const double lse = largest + std::log(sum);
    for (int64_t v = 0; v < V; ++v) {
      const double y =
          v == targets.data<int32_t>()[n] ? 1.0 - smoothing : smoothing / static_cast<double>(V - 1);
      loss += y * (lse - row[v]) / static_cast<double>(N);
      gradient.data<double>()[n * V + v] = (std::exp(row[v] - lse) - y) / static_cast<double>(N);
    }
  }
  const auto node = logits.node();
  const DType type = logits.dtype();
  return record("smoothed_cross_entropy", Tensor::scalar(loss, type), {logits},
                [=](const Tensor& output_gradient) {
                  const Tensor scaled = gradient.clone();
                  for (double& g : scaled.span<double>()) g *= output_gradient.item();
                  node->accumulate(scaled.to(type));
                });
}

}  // namespace gpt
