#pragma once
// How far the workers may drift apart.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gpt {

enum class Mode {
  synchronous,   ///< one step for all: the average of everybody's gradients
  stale,         ///< each gradient is applied when it comes, and nobody is more than `bound` steps ahead
  asynchronous,  ///< each gradient is applied when it comes, and nobody waits for anybody
};

struct Pace {
  Mode mode = Mode::synchronous;
  int64_t bound = 0;  ///< of Mode::stale, in steps
};

/// "sync", "async", or "stale:3" with a bound. Throws UserError for anything else.
Pace parse_pace(std::string_view text);
std::string to_string(const Pace& pace);

// [clocks]
/// The clocks of all workers. A worker's clock is the number of steps it has finished. Whoever has left or
/// died counts no more.
class ClockTable {
 public:
  ClockTable(Pace pace, int workers);

  int workers() const { return static_cast<int>(clocks_.size()); }
  int64_t clock(int worker) const { return clocks_.at(static_cast<size_t>(worker)); }
  bool lives(int worker) const { return lives_.at(static_cast<size_t>(worker)); }
  int living() const;
  /// The smallest clock among the living; when there is none, the largest of all.
  int64_t slowest() const;

  /// May this worker take its next step? In synchronous training when everybody has finished as many steps;
  /// with a bound s when it is at most s steps ahead of the slowest (Ho and others, 2013); else always.
  bool may_begin(int worker) const;

  void tick(int worker);  ///< it has finished a step
  void remove(int worker);
  /// As a checkpoint has it.
  void restore(const std::vector<int64_t>& clocks, const std::vector<bool>& lives);

 private:
  Pace pace_;
  std::vector<int64_t> clocks_;
  std::vector<bool> lives_;
};
// [/clocks]

}  // namespace gpt
