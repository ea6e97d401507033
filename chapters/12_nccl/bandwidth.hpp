#pragma once
// How fast the collectives of a communicator are, in the words of nccl-tests, and what the cost model says.

#include <span>
#include <vector>

#include "09_averaging/communicator.hpp"
#include "10_collectives/bus_bandwidth.hpp"
#include "10_collectives/cost_fit.hpp"

namespace gpt {

// [definitions]
/// One collective at one size.
struct CollectiveTime {
  Collective collective = Collective::all_reduce;
  int64_t bytes = 0;   ///< of the whole: for reduce-scatter and all-gather the parts of all ranks together
  double seconds = 0;  ///< of one call until the host knows that it is done, as the slowest rank sees it

  /// "algbw": bytes of the whole per second.
  double algorithm_bandwidth() const { return static_cast<double>(bytes) / seconds; }
  /// "busbw": comparable with the link's bandwidth, whatever the number of ranks (chapter 10).
  double bus_bandwidth(int ranks) const {
    return gpt::bus_bandwidth(collective, ranks, static_cast<double>(bytes), seconds);
  }
};
// [/definitions]

/// The collectives that are measured.
std::span<const Collective> measured_collectives();
std::string_view name_of(Collective collective);

/// All of them at every size, on tensors of f32 in `memory`; each figure is the median of at least five
/// calls, or of as many as fit into `seconds_each`. The sizes are rounded down to whole parts. All ranks get
/// the same. Collective.
std::vector<CollectiveTime> measure_collectives(Communicator& communicator,
                                                const std::shared_ptr<Allocator>& memory,
                                                std::span<const int64_t> sizes, double seconds_each);

/// What each costs where messages go around a ring of p ranks. n: bytes of the whole.
///
///     all-reduce                  2(p-1) messages   2(p-1)/p·n bytes
///     reduce-scatter, all-gather   p-1               (p-1)/p·n
///     broadcast                    p-1               n              in pieces that follow each other closely
CriticalPath ring_path(Collective collective, int ranks, double bytes);

/// The times with their paths, for fit_link(). Without those of one rank, who needs no link.
std::vector<TimedPath> timed_paths(std::span<const CollectiveTime> times, int ranks);

}  // namespace gpt
