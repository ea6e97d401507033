#pragma once
// The smallest example of a stale gradient: f(x) = x²/2, whose slope at x is x.

#include <cstddef>
#include <vector>

namespace gpt {

// [stale]
/// x₀ = 1, and in each step x ← x - rate · (the slope at the x of `staleness` steps ago; at first x₀).
/// Returns x₀ … x_steps.
inline std::vector<double> stale_descent(double rate, int staleness, int steps) {
  std::vector<double> x{1.0};
  for (int step = 0; step < steps; ++step) {
    const int seen = step > staleness ? step - staleness : 0;
    x.push_back(x.back() - rate * x[static_cast<size_t>(seen)]);
  }
  return x;
}
// [/stale]

/// The rate up to which that comes to rest: 2 sin(π / (2(2·staleness + 1))) (Levin and May, 1976).
double largest_stale_rate(int staleness);

/// The same, found by trying: between a rate that comes to rest and one that does not, always the middle.
double measured_stale_rate(int staleness);

}  // namespace gpt
