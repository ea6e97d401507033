#pragma once

#include "02_backprop/variable.hpp"

namespace gpt {

/// 1 / (1 + e^-x) of every element, recorded on the tape. Finite for every finite x, and so is its gradient.
Variable sigmoid(const Variable& x);

}  // namespace gpt
