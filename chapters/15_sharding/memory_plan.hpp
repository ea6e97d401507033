#pragma once
// What a stage of ZeRO will cost, before anything runs.

#include <cstdint>

#include "15_sharding/partition.hpp"

namespace gpt {

// [held]
/// Bytes that one rank holds between two steps.
struct HeldBytes {
  double parameters = 0, gradients = 0, moments = 0;
  double total() const { return parameters + gradients + moments; }
};

/// With Ψ `elements` on p `ranks`, numbers of 4 bytes, and 2 more for each parameter where there is a bf16
/// copy: 4Ψ of parameters, 4Ψ of gradients, 8Ψ of moments, each divided by p from the stage on that shares
/// it. Stage 0 is plain data parallelism.
HeldBytes held_bytes(int stage, int64_t elements, int ranks, bool bf16_copy = false);
// [/held]

/// The same in the middle of a step, at most, where the network just keeps up with the backward pass. Stages
/// 2 and 3 hold, besides, the gradients of the tables, to which the head adds first and the embedding last,
/// and those of two layers: one has been computed, one is on its way. Stage 3 also holds two units of
/// parameters.
HeldBytes peak_bytes(int stage, const Partition& partition, int rank, bool bf16_copy = false);

/// Bytes that `rank` sends in a step of one micro-batch, of a GPT in f32. Stages 1 and 2 sum the gradients
/// for their owners and gather the parameters: 2Ψ(p-1)/p, as much as the all-reduce of stage 0. Stage 3
/// gathers the parameters twice, but for the last layer, which forward ends and backward begins with: almost
/// 3Ψ(p-1)/p.
int64_t sent_bytes(int stage, const Partition& partition, int rank);

}  // namespace gpt
