#pragma once

#include <span>

#include "09_averaging/communicator.hpp"

namespace gpt {

struct Statistics {
  double mean = 0.0, variance = 0.0;  ///< the variance is Σ (x - mean)² / n
};

/// The mean and the variance of the samples of all ranks together, exactly: as if one rank had them all, up
/// to rounding. Ranks may have different numbers of samples, some of them none; together they have at least
/// one. One all-reduce.
Statistics statistics_of_all(Communicator& communicator, std::span<const double> mine);

}  // namespace gpt
