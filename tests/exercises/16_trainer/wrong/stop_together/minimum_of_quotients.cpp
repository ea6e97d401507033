// Says: may be of different ranks
#include "exercises/16_trainer/stop_together.hpp"

#include <algorithm>
#include <cmath>

namespace gpt {

bool stop_together(Communicator& communicator, bool i_must) {
  return communicator.all_reduce(i_must ? 1.0 : 0.0, ReduceOp::max) > 0.0;
}

int64_t steps_left(Communicator& communicator, double my_seconds, double my_step_seconds) {
  const double step = 1.0;
  const double seconds = -communicator.all_reduce(-my_seconds / my_step_seconds, ReduceOp::max);
  return std::max<int64_t>(0, static_cast<int64_t>(std::floor(seconds / step)));
}

}  // namespace gpt
