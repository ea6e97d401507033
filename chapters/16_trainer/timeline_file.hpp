#pragma once
// --timeline: some steps of a run as a file for Perfetto.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "11_ddp/timeline.hpp"
#include "common/argument_parser.hpp"

namespace gpt {

/// Where the timeline goes, and which steps are in it.
struct TimelineOptions {
  std::filesystem::path file;  ///< empty: none is wanted
  std::string steps = "3:12";  ///< FIRST:LAST, counted from the step with which this process begins as 1

  /// Throws UserError unless the steps are a range of at most 1000, and the file can be made.
  void check() const;
};

/// Declares --timeline and --timeline-steps; parsing fills `options`, which must outlive `parser`.
void add_timeline_options(ArgumentParser& parser, TimelineOptions& options);

/// Writes the file as soon as the last of its steps is over, or the run is.
class TimelineFile {
 public:
  /// The options have been checked. Trace and communicator outlive it.
  TimelineFile(const TimelineOptions& options, Trace& trace, Communicator& communicator);

  /// Every rank calls this before every step, and finish() after the last: collective in three of these
  /// calls. Throws what keeps rank 0 from writing the file, on all ranks.
  void before_step();
  void finish();

 private:
  std::filesystem::path file_;
  int64_t first_ = 0, last_ = 0;
  int64_t step_ = 0;  // the last one that was begun
  Trace& trace_;
  Communicator& communicator_;
  std::optional<TimelineRecorder> recorder_;
};

}  // namespace gpt
