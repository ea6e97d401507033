#pragma once

#include "02_backprop/variable.hpp"

namespace gpt {

/// y[i] = x[0] + … + x[i] of a vector (n), f32 or f64, recorded on the tape.
Variable cumulative_sum(const Variable& x);

}  // namespace gpt
