#pragma once
// What there is to know about a run from its folder alone, whoever writes it, and whether anybody still does.

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

#include "16_trainer/metrics_reader.hpp"
#include "16_trainer/run_folder.hpp"
#include "16_trainer/run_history.hpp"

namespace gpt {

enum class RunStatus { running, done, stopped, bad_number, killed };

/// A checkpoint, by its state.json; nothing is verified.
struct CheckpointView {
  std::string name;
  int64_t step = 0, bytes = 0;
  std::optional<double> val_loss = {};
};

/// A run as its folder shows it.
struct RunView {
  std::string name;  ///< of the folder
  RunStatus status = RunStatus::running;
  nlohmann::ordered_json config;
  std::vector<StepMetrics> steps;
  int64_t damaged_lines = 0;
  std::vector<RunPeriod> periods;
  std::vector<CheckpointView> checkpoints;
  std::string sample;         ///< "" where there is none
  std::string timeline_file;  ///< the contents of timeline.json, "" where there is none

  /// A choice as a number; `otherwise` where the configuration has none of this name.
  double number(const char* choice, double otherwise = 0) const;
  std::string text(const char* choice) const;
  int64_t tokens_per_step() const;
  int64_t last_step() const { return steps.empty() ? 0 : steps.back().step; }
};

/// Throws UserError where the configuration cannot be read. Everything else may be missing or damaged.
RunView view_run(const RunFolder& run);

/// By the last period, the last step and the lock on the folder.
RunStatus status_of(const RunFolder& run, const std::vector<RunPeriod>& periods, int64_t last_step,
                    int64_t steps_wanted);
/// "running", "done", …: with the last step where that matters.
std::string status_text(RunStatus status, int64_t last_step);

/// The mean of a number over the last `count` steps, since single steps are noisy; 0 of none.
double recent_mean(const std::vector<StepMetrics>& steps, double StepMetrics::*number, size_t count = 20);

}  // namespace gpt
