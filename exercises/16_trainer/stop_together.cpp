#include "exercises/16_trainer/stop_together.hpp"

#include "exercises/todo.hpp"

namespace gpt {

bool stop_together(Communicator& communicator, bool i_must) {
  todo("a rank that stops alone leaves the others in an all-reduce that never ends");
}

int64_t steps_left(Communicator& communicator, double my_seconds, double my_step_seconds) {
  todo("a step takes as long as the slowest rank's, and the first that runs out of time ends it for all");
}

}  // namespace gpt
