#pragma once
// From measured seconds back to alpha and beta.

#include <span>

#include "10_collectives/cost_model.hpp"

namespace gpt {

/// Something that was timed, and what it had to do. A message of m bytes is {.messages = 1, .bytes = m}.
struct TimedPath {
  CriticalPath path;
  double seconds = 0.0;
};

/// The alpha and beta, neither negative, for which the model comes closest to what was measured; gamma is
/// given, for in times of an all-reduce it cannot be told from beta.
///
/// Close means in proportion: the sum of squares of (predicted - measured) / measured is least. Without the
/// division the longest times alone would count, and alpha would be noise. Times far from the line, as when
/// another program got in the way, get less weight (Huber 1964, by iteratively reweighted least squares).
/// Throws Error for fewer than two times, a time that is not positive, or times of one kind only, from which
/// alpha and beta cannot both be told.
LinkCost fit_link(std::span<const TimedPath> times, double gamma = 0.0);

/// The median over `times` of |predicted - measured| / measured.
double median_error(const LinkCost& link, std::span<const TimedPath> times);

}  // namespace gpt
