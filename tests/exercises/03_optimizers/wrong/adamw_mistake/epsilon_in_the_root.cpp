// Says: does epsilon stand inside of the root?
#include "exercises/03_optimizers/adamw_mistake.hpp"

#include <cmath>
#include <cstddef>

namespace gpt {

void adamw_step(std::span<double> x, std::span<const double> g, std::span<double> m, std::span<double> v,
                int64_t step, double rate, const AdamWOptions& options) {
  const double correction1 = 1.0 - std::pow(options.beta1, static_cast<double>(step));
  const double correction2 = 1.0 - std::pow(options.beta2, static_cast<double>(step));
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] -= rate * options.weight_decay * x[i];
    m[i] = options.beta1 * m[i] + (1.0 - options.beta1) * g[i];
    v[i] = options.beta2 * v[i] + (1.0 - options.beta2) * g[i] * g[i];
    x[i] -= rate * (m[i] / correction1) / std::sqrt(v[i] / correction2 + options.epsilon);
  }
}

}  // namespace gpt
