#pragma once
// What `gpt watch` shows, as lines of text.

#include <string>
#include <vector>

#include "16_trainer/run_view.hpp"

namespace gpt {

/// What is known of the run while it is watched.
struct Watched {
  std::string name;
  RunStatus status = RunStatus::running;
  int64_t steps_wanted = 0;
  const std::vector<StepMetrics>* steps = nullptr;
  std::string message;  ///< what it said about its end
};

/// At most `rows` lines of at most `columns` characters: a title, the numbers, and the curve of the loss in
/// the room that is left. `colours`: with the escape sequences of a terminal, which take no room.
std::vector<std::string> watch_screen(const Watched& run, int columns, int rows, bool colours);

}  // namespace gpt
