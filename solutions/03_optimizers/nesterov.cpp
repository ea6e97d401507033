#include "exercises/03_optimizers/nesterov.hpp"

#include <cstddef>

namespace gpt {

void nesterov_step(std::span<float> x, std::span<const float> g, std::span<float> v, float rate,
                   float momentum) {
  for (size_t i = 0; i < x.size(); ++i) {
    v[i] = momentum * v[i] + g[i];
    x[i] -= rate * (g[i] + momentum * v[i]);  // where the velocity, already new, is about to lead
  }
}

}  // namespace gpt
