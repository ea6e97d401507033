#include "exercises/05_gpt/min_p.hpp"

#include <algorithm>
#include <cmath>

namespace gpt {

std::vector<TokenChance> min_p_chances(const Tensor& logits, double temperature, double min_p) {
  const std::span<const float> x = logits.span<float>();
  const double largest = *std::max_element(x.begin(), x.end());
  std::vector<TokenChance> chances;
  double sum = 0.0;
  for (int32_t token = 0; token < static_cast<int32_t>(x.size()); ++token) {
    const double relative =
        std::exp((x[static_cast<size_t>(token)] - largest) / temperature);  // to the best, which has 1
    if (relative < min_p) continue;
    chances.push_back({token, relative});
    sum += relative;
  }
  for (TokenChance& chance : chances) chance.probability /= sum;
  return chances;
}

}  // namespace gpt
