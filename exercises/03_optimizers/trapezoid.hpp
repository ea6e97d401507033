#pragma once

#include "03_optimizers/schedule.hpp"

namespace gpt {

/// "Warm-up, stable, decay" (Hu and others, 2024): from step 0 on in a straight line up to `peak`, which it
/// has for the first time at step `warmup`; constant; then over the last fifth of the steps 0 … end-1 in a
/// straight line down, so that it would be 0 at step `end`, and 0 from there on. Of `end` steps, end - end /
/// 5 come before the fall. The first step's rate is not 0: peak / (warmup + 1), as in warmup_schedule().
Schedule trapezoid_schedule(double peak, int64_t warmup, int64_t end);

}  // namespace gpt
