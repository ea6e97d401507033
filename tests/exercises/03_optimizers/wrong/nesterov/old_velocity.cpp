// Says: comes of the old velocity
#include "exercises/03_optimizers/nesterov.hpp"

#include <cstddef>

namespace gpt {

void nesterov_step(std::span<float> x, std::span<const float> g, std::span<float> v, float rate,
                   float momentum) {
  for (size_t i = 0; i < x.size(); ++i) {
    const float old = v[i];
    v[i] = momentum * v[i] + g[i];
    x[i] -= rate * (g[i] + momentum * old);  // where the velocity, already new, is about to lead
  }
}

}  // namespace gpt
