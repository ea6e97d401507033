#pragma once
// Sums that only their owners need, and values that everybody gets from their owners.

#include "09_averaging/communicator.hpp"
#include "15_sharding/partition.hpp"

namespace gpt {

// The two halves of an all-reduce. Each rank sends (p-1)/p of the unit in each of them, as around a ring, but
// directly: every rank meets every other one (tournament.hpp, chapter 13), so parts may differ in length.

/// Each rank's part of unit u of `row` becomes the sum over all ranks; of the rest of the unit nothing is
/// changed. The sum adds neighbours first, as tree.hpp of chapter 11 does, so its bits do not depend on who
/// takes it. row: (partition.size()), f32. Collective.
void reduce_to_owners(Communicator& group, const Tensor& row, const Partition& partition, size_t u);

/// Unit u of `row` becomes what its owners have there. row: (partition.size()). Collective.
void gather_from_owners(Communicator& group, const Tensor& row, const Partition& partition, size_t u);

/// Gives the memory behind unit u of `row`, which paged_zeros() made, back to the system, but for what `rank`
/// owns of it.
void give_back_others(const Tensor& row, const Partition& partition, size_t u, int rank);

}  // namespace gpt
