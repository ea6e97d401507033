#include "14_parameter_server/stale_descent.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace gpt {

double largest_stale_rate(int staleness) {
  return 2.0 * std::sin(std::numbers::pi / (2.0 * (2.0 * staleness + 1.0)));
}

namespace {

/// Does the swing of the last steps stay below that of the steps half-way?
bool comes_to_rest(double rate, int staleness) {
  constexpr size_t steps = 2000, window = 100;  // several swings
  const std::vector<double> x = stale_descent(rate, staleness, steps);
  const auto swing = [&](size_t end) {
    double largest = 0.0;
    for (size_t i = end - window; i <= end; ++i) largest = std::max(largest, std::abs(x[i]));
    return largest;
  };
  constexpr double far = 1e100;
  for (const double value : x)
    if (!(std::abs(value) < far)) return false;
  return swing(steps) < swing(steps / 2) || swing(steps) == 0.0;
}

}  // namespace

double measured_stale_rate(int staleness) {
  double rests = 0.0, swings = 4.0;
  while (swings - rests > 1e-5) {
    const double middle = (rests + swings) / 2;
    (comes_to_rest(middle, staleness) ? rests : swings) = middle;
  }
  return rests;
}

}  // namespace gpt
