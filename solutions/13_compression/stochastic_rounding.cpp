#include "exercises/13_compression/stochastic_rounding.hpp"

#include <cmath>

namespace gpt {

void round_stochastically(std::span<int32_t> whole, std::span<const float> x, float step,
                          const RandomStream& random) {
  for (size_t i = 0; i < x.size(); ++i)
    whole[i] = static_cast<int32_t>(std::floor(static_cast<double>(x[i]) / step + random.uniform(i)));
}

}  // namespace gpt
