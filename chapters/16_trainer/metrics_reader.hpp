#pragma once
// Reading metrics.jsonl while a run may be writing it.

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "16_trainer/metrics.hpp"

namespace gpt {

/// The lines of a metrics file, as far as they are there. It trusts nothing: a last line that is half written
/// waits until it is whole, a line that is none of metrics is counted and left out, and a file that was cut
/// back, as a resumed run does, is read anew.
class MetricsReader {
 public:
  explicit MetricsReader(std::filesystem::path path) : path_(std::move(path)) {}

  /// Reads what is new. True when steps() changed. A file that is not there yet has no steps. Throws
  /// UserError for one that cannot be read.
  bool poll();

  const std::vector<StepMetrics>& steps() const { return steps_; }
  int64_t damaged_lines() const { return damaged_; }

 private:
  void take_line(std::string_view line);

  std::filesystem::path path_;
  ino_t file_ = 0;      // the inode: a renamed file is another one
  uint64_t taken_ = 0;  // bytes, which end with a line
  std::vector<StepMetrics> steps_;
  int64_t damaged_ = 0;
};

}  // namespace gpt
