#pragma once
// One number for all sizes, ranks and collectives: how fast the slowest link was in use.

#include "common/check.hpp"

namespace gpt {

enum class Collective { all_reduce, reduce_scatter, all_gather, broadcast, reduce };

/// The bytes that must pass through each rank's link, at least, for every byte of the tensor (nccl-tests,
/// doc/PERFORMANCE.md). p: ranks.
///
///     all-reduce                   2(p-1)/p
///     reduce-scatter, all-gather   (p-1)/p
///     broadcast, reduce            1
///
/// The byte count that goes with it is that of the whole: for reduce-scatter and all-gather all p parts.
constexpr double bus_factor(Collective collective, int ranks) {
  const double share = (ranks - 1.0) / ranks;
  switch (collective) {
    case Collective::all_reduce:
      return 2 * share;
    case Collective::reduce_scatter:
    case Collective::all_gather:
      return share;
    case Collective::broadcast:
    case Collective::reduce:
      return ranks > 1 ? 1.0 : 0.0;
  }
  return 0.0;
}

/// Bytes per second, to be compared with the link's bandwidth: no algorithm can exceed that. `bytes` of the
/// whole tensor took `seconds`.
inline double bus_bandwidth(Collective collective, int ranks, double bytes, double seconds) {
  GPT_CHECK(ranks >= 1 && bytes >= 0.0 && seconds > 0.0, "{} bytes on {} ranks in {} s", bytes, ranks,
            seconds);
  return bus_factor(collective, ranks) * bytes / seconds;
}

}  // namespace gpt
