// Says: element 0
#include "exercises/05_gpt/layernorm_backward.hpp"

#include <cstddef>

namespace gpt {

void layernorm_backward_row(std::span<double> dx, std::span<const double> dy, std::span<const double> x,
                            std::span<const double> weight, double mean, double rstd) {
  const auto n = static_cast<double>(x.size());
  double sum = 0.0, sum_with_normed = 0.0;  // of g = dy · weight, and of g · x̂
  for (size_t i = 0; i < x.size(); ++i) {
    const double g = dy[i];
    sum += g;
    sum_with_normed += g * (x[i] - mean) * rstd;
  }
  // The mean takes away what all elements have in common, the variance what grows with x̂.
  for (size_t i = 0; i < x.size(); ++i) {
    const double normed = (x[i] - mean) * rstd;
    dx[i] = rstd * (dy[i] * weight[i] - sum / n - normed * sum_with_normed / n);
  }
}

}  // namespace gpt
