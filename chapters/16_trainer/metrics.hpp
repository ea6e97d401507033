#pragma once
// What a run measures, a line a step, and the picture of it.

#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "16_trainer/gpu_monitor.hpp"
#include "common/plot.hpp"

namespace gpt {

/// One line of metrics.jsonl.
struct StepMetrics {
  int64_t step = 0;
  double train_loss = 0;           ///< mean over the global batch, before the step
  std::optional<double> val_loss;  ///< after the step, where it was evaluated
  double lr = 0;
  double grad_norm = 0;          ///< before clipping
  double tokens_per_second = 0;  ///< of the training step alone, over all ranks
  double step_ms = 0;
  double comm_ms = 0;         ///< in which this rank had nothing to do but wait for gradients
  double comm_total_ms = 0;   ///< in which gradients were on their way, or waiting for the other ranks
  double comm_hidden_ms = 0;  ///< the part of it in which the backward pass ran
  int64_t wire_bytes = 0;     ///< of gradients that this rank sent (chapter 13's WireCounter)
  double memory_mb = 0;       ///< the most that tensors took on this rank's device so far
  GpuUse gpu = {};            ///< that rank 0 computes on, after the step
};

/// metrics.jsonl, and the curves in memory.
class MetricsLog {
 public:
  /// Opens the file for appending. What it has beyond `last_step` (a run that resumes has forgotten those
  /// steps) is cut off first, and so is a last line that is not whole: the shorter file is written beside and
  /// renamed. Throws UserError for a line that is no JSON object with a step.
  MetricsLog(const std::filesystem::path& path, int64_t last_step);

  /// Appends a line; it is in the file when the call returns, and on the disk after sync(). Throws UserError.
  void append(const StepMetrics& metrics);
  void sync();

  /// The losses over the steps so far.
  LinePlot plot() const;

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  void remember(int64_t step, double train_loss, const std::optional<double>& val_loss);

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::vector<PlotPoint> train_, validation_;
};

}  // namespace gpt
