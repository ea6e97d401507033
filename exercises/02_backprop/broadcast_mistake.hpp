#pragma once

#include "02_backprop/variable.hpp"

namespace gpt {

// Three operations, with broadcasting as in operator+ of the chapter.

/// (a - b)², element by element.
Variable squared_difference(const Variable& a, const Variable& b);
/// x · scale + shift.
Variable affine(const Variable& x, const Variable& scale, const Variable& shift);
/// w · a + (1 - w) · b.
Variable mixture(const Variable& w, const Variable& a, const Variable& b);

}  // namespace gpt
