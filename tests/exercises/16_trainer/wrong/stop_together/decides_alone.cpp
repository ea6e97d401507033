// Says: the next all-reduce would never end
#include "exercises/16_trainer/stop_together.hpp"

#include <algorithm>
#include <cmath>

namespace gpt {

bool stop_together(Communicator& communicator, bool i_must) {
  communicator.barrier();
  return i_must;
}

int64_t steps_left(Communicator& communicator, double my_seconds, double my_step_seconds) {
  const double step = communicator.all_reduce(my_step_seconds, ReduceOp::max);
  const double seconds = -communicator.all_reduce(-my_seconds, ReduceOp::max);  // the least of all
  return std::max<int64_t>(0, static_cast<int64_t>(std::floor(seconds / step)));
}

}  // namespace gpt
