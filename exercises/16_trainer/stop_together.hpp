#pragma once

#include "09_averaging/communicator.hpp"

namespace gpt {

/// Called by all ranks after every step. `i_must`: this rank wants to stop (its time is up, somebody has
/// pressed Ctrl-C). Returns whether the run stops after this step, the same on all ranks: it does as soon as
/// one of them wants to.
bool stop_together(Communicator& communicator, bool i_must);

/// How many steps all ranks do together, before the first of them would run out of time: rank r has
/// `my_seconds` left, and every step takes `step_seconds` on the slowest rank, this rank's own being
/// `my_step_seconds`. At least 0.
int64_t steps_left(Communicator& communicator, double my_seconds, double my_step_seconds);

}  // namespace gpt
