#pragma once
// How fast each all-reduce is here, and the plan that follows from it.

#include <span>
#include <vector>

#include "10_collectives/mpi_communicator.hpp"

namespace gpt {

/// One algorithm at one size.
struct Measurement {
  AllReduceAlgorithm algorithm;
  int64_t bytes;   ///< of each rank's row
  double seconds;  ///< of one all-reduce, as the slowest rank sees it
};

/// Bytes per second by the formula of nccl-tests: 2(n-1)/n · bytes / seconds. An all-reduce cannot do with
/// fewer bytes per link, so it compares with what the link can carry, whatever the number of ranks.
double bus_bandwidth(const Measurement& measurement, int ranks);

/// Seconds of each of `repetitions` all-reduces of `row`, as the slowest rank saw it. All ranks get the same.
/// Collective.
std::vector<double> seconds_of(MpiCommunicator& communicator, AllReduceAlgorithm algorithm, const Tensor& row,
                               int repetitions);

/// The algorithms that can run on these ranks: shared memory needs one host, a hierarchy several hosts with
/// several ranks.
std::vector<AllReduceAlgorithm> possible_algorithms(const MpiCommunicator& communicator);

/// Every algorithm at every size, by sizes; the algorithms take turns, so that what else the machine does
/// hits all of them, and each figure is the median of at least five, or of as many as fit into
/// `seconds_each`. Collective.
std::vector<Measurement> measure(MpiCommunicator& communicator,
                                 std::span<const AllReduceAlgorithm> algorithms,
                                 std::span<const int64_t> sizes, double seconds_each = 0.2);

/// What the trainer does when it starts: tries those algorithms that have a chance, with messages from 1 KiB
/// to 4 MiB, for less than a second on a link of 1 Gbit/s and three at the most, and says which is the
/// fastest for which sizes. Where two are nearly as fast, the one that was better for smaller messages stays.
/// All ranks get the same plan; the communicator's own stays as it is. Collective.
AllReducePlan measure_all_reduce(MpiCommunicator& communicator);

}  // namespace gpt
