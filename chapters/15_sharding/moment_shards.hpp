#pragma once
// What an optimizer remembers, in files that any number of ranks can read.

#include <filesystem>
#include <functional>

#include "05_gpt/safetensors.hpp"
#include "15_sharding/sharded_adamw.hpp"

namespace gpt {

// [shards]
/// A run of elements of one of the two moments: `moment` is 'm' or 'v', `offset` the place of the first in
/// the arena, `values` flat.
using TakeMoments = std::function<void(char moment, int64_t offset, const Tensor& values)>;

/// Writes what a rank has, a tensor for each run of elements within a parameter, by name and place:
/// "m.h.0.mlp.c_fc.weight[4096:8192]", in the arena's layout. Throws UserError, and then leaves no file.
void write_moments(const std::filesystem::path& file, const ParameterStore& store,
                   const ShardedAdamW& optimizer);

/// Hands out what such a file holds, whoever wrote it, and returns how many elements that were. Throws
/// UserError when they belong to another model.
int64_t read_moments(const SafetensorsFile& file, const ParameterStore& store, const TakeMoments& take);

/// Copies of a run what the optimizer's rank owns.
void take_moments(const ShardedAdamW& optimizer, char moment, int64_t offset, const Tensor& values);
// [/shards]

}  // namespace gpt
