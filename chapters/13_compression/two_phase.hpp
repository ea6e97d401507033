#pragma once
// A sum over all ranks of which only codes travel.

#include <span>

#include "09_averaging/communicator.hpp"
#include "13_compression/workshop.hpp"

namespace gpt {

/// Which random numbers a sum uses: no two sums of a run have the same.
struct SumKey {
  uint64_t seed = 0;
  int64_t step = 0;
  size_t bucket = 0;  ///< fewer than 2¹⁶
};

/// What was not sent yet, parallel to the row; both are empty where nothing is kept.
struct ErrorMemory {
  std::span<float> mine;   ///< of this rank's values
  std::span<float> owner;  ///< of the sums of this rank's chunk; the rest becomes 0
};

/// `row`, n values on each rank, becomes their sum over all ranks, as far as the codec says it: the same bits
/// on all ranks. Rank r owns chunk r, [n·r/p, n·(r+1)/p).
///
///     1. Every rank encodes each chunk but its own, and gives the code to the chunk's owner.
///     2. The owner decodes them and adds up, in f32, in order of rank; its own values go in as they are.
///     3. It encodes the sum, and gives the code to all; everybody decodes all sums, the owner, too.
///
/// So each value is encoded twice, however many ranks there are; in a ring it would be p times. A rank sends
/// 2(p-1) codes of a chunk. (Seide and others, 2014, section 3.3; Tang and others, "DoubleSqueeze", 2019.)
/// With a memory, both encodings add what they lost the last time, so that it comes later instead of never.
/// All spans lie in the memory of `workshop`, whose codec it is; the sums are the same bits in each. A group
/// that does not take tensors of that memory gets the codes by way of the host. Collective.
void two_phase_sum(Communicator& group, const Codec& codec, std::span<float> row, const ErrorMemory& memory,
                   const SumKey& key, const Workshop& workshop = host_workshop());

/// The bytes of codes that each rank sends.
int64_t two_phase_bytes(const Codec& codec, int64_t n, int ranks);

}  // namespace gpt
