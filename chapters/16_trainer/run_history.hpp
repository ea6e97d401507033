#pragma once
// history.jsonl: which processes worked on a run, from which step to which, and how each of them ended.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace gpt {

/// One start of `gpt train` in a run's folder.
struct RunPeriod {
  int64_t first_step = 0;  ///< steps done before
  int64_t started = 0;     ///< seconds since 1970
  int64_t ranks = 0, threads = 0;
  int64_t parameters = 0, training_tokens = 0, validation_tokens = 0;
  std::string backend;  ///< what computes
  std::string sums;     ///< how the ranks' gradients are added up

  std::string ending;     ///< "done", "stopped" or "bad number"; empty: it goes on, or was killed
  int64_t last_step = 0;  ///< with an ending: steps done then
  int64_t ended = 0;      ///< with an ending: seconds since 1970
  std::string message;    ///< what it said about its end
};

/// Appends a line for the beginning of a period. Throws UserError.
void write_beginning(const std::filesystem::path& history, const RunPeriod& period);
/// Appends a line for its end: of ending, last_step and message. Throws UserError.
void write_ending(const std::filesystem::path& history, const RunPeriod& period);

/// The periods in a file, oldest first; none where there is no such file. Lines that are damaged are left
/// out.
std::vector<RunPeriod> read_history(const std::filesystem::path& history);

}  // namespace gpt
