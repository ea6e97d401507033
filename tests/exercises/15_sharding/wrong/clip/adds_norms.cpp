// Says: squares add up, norms do not
#include "exercises/15_sharding/clip.hpp"

#include <cmath>

namespace gpt {

double clip_slice(Communicator& communicator, const Tensor& slice, double max_norm) {
  double squares = 0;
  for (const float g : slice.span<float>()) squares += static_cast<double>(g) * g;
  const double norm = communicator.all_reduce(std::sqrt(squares), ReduceOp::sum);
  if (norm > max_norm)
    for (float& g : slice.span<float>()) g = static_cast<float>(g * max_norm / norm);
  return norm;
}

}  // namespace gpt
