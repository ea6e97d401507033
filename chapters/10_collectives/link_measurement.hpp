#pragma once
// What messages, additions and copies cost on this machine: the numbers that the cost model needs.

#include <vector>

#include "10_collectives/cost_fit.hpp"
#include "10_collectives/mpi_communicator.hpp"

namespace gpt {

// All are called by all ranks of `communicator`, and give all the same result: the fastest of several runs,
// as the slowest rank sees it. `group` holds some or all of these ranks; those outside wait.

/// Ranks 0 and 1 of `group` send a message to and fro, and the others wait: seconds of one way, for messages
/// of 4 bytes to 4 MB.
std::vector<TimedPath> time_ping_pong(Communicator& communicator, const PointToPoint& group);

/// Every rank of `group` sends to its right neighbour and receives from its left one, all at the same time,
/// as in a step of the ring. On links of their own this takes as long as a message alone. Ranks that share
/// the cores and the memory of one host take longer.
std::vector<TimedPath> time_shift(Communicator& communicator, const PointToPoint& group);

/// gamma: seconds per byte of f32 added to others, all ranks at the same time.
double time_addition(Communicator& communicator);

/// Seconds per byte when all ranks copy rows of `bytes` bytes at the same time: every byte read or written
/// counts, of `ranks_per_host` ranks together. Long rows come from main memory, short ones from the caches.
double time_copies(Communicator& communicator, int64_t bytes, int ranks_per_host);

/// What cost_model.hpp asks for: `inside` from the shift among the ranks of each host, `between` from that
/// among the first ranks of the hosts, and the rest. Hosts with fewer ranks than others count like the
/// others.
Cluster measure_cluster(MpiCommunicator& communicator, const PointToPoint& group);

}  // namespace gpt
