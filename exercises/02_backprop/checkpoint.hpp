#pragma once

#include <functional>

#include "02_backprop/variable.hpp"

namespace gpt {

/// f(x), with memory saved for time (Chen and others, 2016): of the forward pass only x and the result stay.
/// When the gradient comes, f is computed a second time, on a tape of its own, and played back at once. f is
/// differentiable, gives the same each time, and depends on x and on leaves that it has captured; gradients
/// reach all of them.
Variable checkpoint(const std::function<Variable(const Variable&)>& f, const Variable& x);

}  // namespace gpt
