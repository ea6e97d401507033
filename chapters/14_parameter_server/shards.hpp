#pragma once
// Which server owns which part of the parameters.

#include <cstdint>
#include <vector>

#include "03_optimizers/parameter_store.hpp"

namespace gpt {

/// Elements from … to-1 of a ParameterStore's buffers.
struct ShardRange {
  int64_t from = 0, to = 0;
  int64_t elements() const { return to - from; }
  bool operator==(const ShardRange&) const = default;
};

/// Cuts `elements` into one range for each server, in order and without gaps. The cuts lie at multiples of 16
/// elements, as parameters do, and the ranges differ by 16 elements at most. Throws UserError
/// when there is not as much for everyone.
std::vector<ShardRange> cut_into_shards(int64_t elements, int servers);

/// A store of its own for one range of `whole`: the same first values, in the same places, and the same rule
/// for weight decay. A parameter that a cut divides becomes a piece on either side. So any optimizer of
/// chapter 03 runs on a shard as it is, and does to each element what it would do on the whole.
ParameterStore make_shard_store(const ParameterStore& whole, ShardRange range);

}  // namespace gpt
