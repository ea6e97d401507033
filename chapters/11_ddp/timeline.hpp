#pragma once
// What all ranks did, on one clock, as a file that Perfetto and chrome://tracing open.

#include <string>
#include <utility>
#include <vector>

#include "11_ddp/clock.hpp"
#include "common/trace.hpp"

namespace gpt {

/// Something that a rank did, in seconds since the first event of any rank.
struct TimelineEvent {
  std::string track, name;
  double start = 0, end = 0;
  std::vector<std::pair<std::string, int64_t>> numbers = {};
};

/// One rank's events, in the order in which they ended.
struct RankTimeline {
  double clock_error = 0;  ///< seconds by which the rank's times may be wrong against rank 0's
  std::vector<TimelineEvent> events;
};

/// Records the traces of all ranks from its construction to finish(). A rank keeps its events in memory until
/// then, some hundred bytes each: a few steps are enough for a picture, and a whole run would be too much.
class TimelineRecorder {
 public:
  /// Compares the ranks' clocks, and lets the trace record. The trace and the communicator outlive it.
  /// Collective.
  TimelineRecorder(Trace& trace, Communicator& communicator);

  /// Ends the recording, compares the clocks again, and gathers all ranks' events on rank 0: there it returns
  /// one entry for each rank, elsewhere nothing. Collective.
  std::vector<RankTimeline> finish();

 private:
  Trace& trace_;
  Communicator& communicator_;
  ClockOffset first_;
};

/// As JSON in the "Trace Event Format" (Google, 2016): a process for each rank, a thread for each track,
/// complete events ("ph": "X") with their start and length in microseconds.
std::string chrome_trace(const std::vector<RankTimeline>& ranks);

}  // namespace gpt
