// Says: which type do you sum in?
#include "exercises/15_sharding/clip.hpp"

#include <cmath>

namespace gpt {

double clip_slice(Communicator& communicator, const Tensor& slice, double max_norm) {
  float squares = 0;
  for (const float g : slice.span<float>()) squares += g * g;
  const double norm = std::sqrt(communicator.all_reduce(static_cast<double>(squares), ReduceOp::sum));
  if (norm > max_norm)
    for (float& g : slice.span<float>()) g = static_cast<float>(g * max_norm / norm);
  return norm;
}

}  // namespace gpt
