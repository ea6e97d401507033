#pragma once
// What time is it on rank 0?

#include <chrono>
#include <functional>

#include "09_averaging/communicator.hpp"

namespace gpt {

/// Seconds on a clock that never goes back. Its zero is any moment: on another machine, another one.
using Clock = std::function<double()>;
double seconds_of(std::chrono::steady_clock::time_point time);
/// This machine's steady clock.
double steady_seconds();

/// One comparison of this rank's clock with rank 0's.
struct ClockOffset {
  double at = 0;      ///< when, on this rank's clock
  double offset = 0;  ///< what to add to this rank's clock to have rank 0's
  double error = 0;   ///< by so much at most is the offset wrong
};

/// Asks rank 0 for the time, `rounds` times, and keeps the answer that came back soonest (Cristian,
/// "Probabilistic clock synchronization", 1989). Sent at s and received at r on this rank's clock, an answer
/// t was written somewhere between: the offset is t - (s + r) / 2, and wrong by (r - s) / 2 at most, whatever
/// the way there and the way back took. Collective, one rank after the other; rank 0's own offset is 0.
ClockOffset compare_clocks(Communicator& communicator, int rounds = 50, const Clock& now = steady_seconds);

/// This rank's clock read as rank 0's. Two clocks drift apart by some microseconds a second; between two
/// comparisons the offset is taken to change evenly, before and after them not at all.
class ClockAlignment {
 public:
  ClockAlignment(const ClockOffset& first, const ClockOffset& last) : first_(first), last_(last) {}
  double on_rank_0(double mine) const;
  /// The larger of the two comparisons' errors.
  double error() const;

 private:
  ClockOffset first_, last_;
};

}  // namespace gpt
