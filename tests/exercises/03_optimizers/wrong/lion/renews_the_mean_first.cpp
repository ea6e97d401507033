// Says: from the mean as it was before this step?
#include "exercises/03_optimizers/lion.hpp"

#include <cstddef>

namespace gpt {

void lion_step(std::span<float> x, std::span<const float> g, std::span<float> m, float rate, float beta1,
               float beta2, float weight_decay) {
  for (size_t i = 0; i < x.size(); ++i) {
    m[i] = beta2 * m[i] + (1.0f - beta2) * g[i];
    const float c = m[i];
    const float sign = static_cast<float>(c > 0.0f) - static_cast<float>(c < 0.0f);
    x[i] -= rate * (sign + weight_decay * x[i]);
  }
}

}  // namespace gpt
