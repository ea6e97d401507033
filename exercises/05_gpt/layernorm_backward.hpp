#pragma once

#include <span>

namespace gpt {

/// The gradient of x in y = (x - mean) · rstd · weight + bias, of one row; mean and rstd = 1/√(variance + ε)
/// depend on x. All spans as long.
void layernorm_backward_row(std::span<double> dx, std::span<const double> dy, std::span<const double> x,
                            std::span<const double> weight, double mean, double rstd);

}  // namespace gpt
