#pragma once
// What a person sees while a run goes on.

#include <chrono>
#include <optional>
#include <string>

#include "16_trainer/metrics.hpp"

namespace gpt {

/// The width of the terminal that stdout is, 0 when it is none. ./book tells in GPT_TERMINAL, because a rank
/// under mpirun cannot see it: mpirun gives rank 0 a terminal of its own.
int terminal_width();

/// On a terminal one line, rewritten in place; in a pipe a plain line every twentieth of the run and at
/// evaluations.
class Progress {
 public:
  /// A run from `first_step` steps done to `steps`. `width` as from terminal_width(); a silent one, as every
  /// rank but the first has, prints nothing.
  Progress(int64_t first_step, int64_t steps, int width, bool silent);
  ~Progress() { end_line(); }

  void show(const StepMetrics& metrics);
  /// A text on lines of its own, below the progress line.
  void say(const std::string& text);

 private:
  std::string line(const StepMetrics& metrics) const;
  void end_line();

  using Clock = std::chrono::steady_clock;
  int64_t first_step_, steps_;
  int width_;
  bool silent_;
  bool line_open_ = false;
  Clock::time_point start_ = Clock::now(), last_shown_{};
  std::optional<double> val_loss_;
};

/// "2h 05m", "3m 20s", "7s".
std::string duration_text(double seconds);

}  // namespace gpt
