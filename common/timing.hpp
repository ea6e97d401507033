#pragma once
// How long something takes.

#include <algorithm>
#include <chrono>
#include <limits>

namespace gpt {

/// From when to when something ran, on this process's clock.
struct Interval {
  std::chrono::steady_clock::time_point start{}, end{};
  double seconds() const { return std::chrono::duration<double>(end - start).count(); }
};

/// Measures from its construction on.
class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

/// The shortest of several runs of `f`, in seconds: what the machine can do when nothing else disturbs it.
/// `f` runs at least three times, and again until all runs together took `budget` seconds.
template <class F>
double shortest_time(F&& f, double budget = 0.3) {
  double shortest = std::numeric_limits<double>::infinity();
  const Stopwatch all;
  for (int run = 0; run < 3 || all.seconds() < budget; ++run) {
    const Stopwatch one;
    f();
    shortest = std::min(shortest, one.seconds());
  }
  return shortest;
}

}  // namespace gpt
