// Says: nothing has to be added
#include "exercises/15_sharding/clip.hpp"

#include <cmath>

namespace gpt {

double clip_slice(Communicator& communicator, const Tensor& slice, double max_norm) {
  double squares = 0;
  for (const float g : slice.span<float>()) squares += static_cast<double>(g) * g;
  const double norm = std::sqrt(communicator.all_reduce(squares, ReduceOp::sum));
  if (norm > max_norm)
    for (float& g : slice.span<float>()) g = static_cast<float>(g * max_norm / (norm + 1e-6));
  return norm;
}

}  // namespace gpt
