#pragma once
// A run as its launcher sees it: by the files in its folder.

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>

#include "16_trainer/run_folder.hpp"

namespace gpt {

/// How far a run is, and the log of what its launcher did: launch.jsonl. The folder need not be there yet.
class LaunchedRun {
 public:
  /// `steps`: of the whole run.
  LaunchedRun(RunFolder folder, int64_t steps) : folder_(std::move(folder)), steps_(steps) {}

  const RunFolder& folder() const { return folder_; }
  int64_t steps() const { return steps_; }
  /// Step of the newest checkpoint; 0: there is none.
  int64_t checkpoint() const;
  /// The last step that was done and written down, since forgotten or not; 0: none.
  int64_t step() const;
  /// Does nobody train in the folder? A rank of a lost host may live a little longer than its job.
  bool is_free() const;

  /// Appends a line to launch.jsonl: the time in seconds since 1970, the event, and what `more` holds. Lines
  /// are kept until there is a run in the folder, which must be empty when the trainer begins. Throws
  /// nothing: a log that cannot be written must not end a run.
  void log(const std::string& event, const nlohmann::ordered_json& more);
  /// Writes down what was kept.
  void flush();

 private:
  RunFolder folder_;
  int64_t steps_;
  std::string kept_;
};

}  // namespace gpt
