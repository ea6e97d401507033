#pragma once
// Differentiable operations on Variables: arithmetic with broadcasting, matrix products, sums and a few
// functions.

#include "02_backprop/variable.hpp"

namespace gpt {

Variable operator+(const Variable& a, const Variable& b);
Variable operator-(const Variable& a, const Variable& b);
Variable operator*(const Variable& a, const Variable& b);
Variable operator/(const Variable& a, const Variable& b);
Variable operator*(const Variable& a, double factor);
Variable operator*(double factor, const Variable& a);
Variable operator+(const Variable& a, double constant);
Variable operator-(const Variable& a);

Variable exp(const Variable& x);
Variable log(const Variable& x);
Variable tanh(const Variable& x);
Variable square(const Variable& x);

/// a: (…, M, K), b: (…, K, N) → (…, M, N); leading dimensions broadcast.
Variable matmul(const Variable& a, const Variable& b);

Variable sum(const Variable& x);                 ///< of all elements, as a scalar
Variable sum(const Variable& x, int dimension);  ///< over one dimension, which disappears
Variable mean(const Variable& x);                ///< of all elements, as a scalar

// Views: the value shares its storage with that of x.
Variable reshape(const Variable& x, const Shape& shape);
Variable transpose(const Variable& x, int a, int b);
Variable slice(const Variable& x, int dimension, int64_t from, int64_t to);

}  // namespace gpt
