#pragma once
// How long an all-reduce takes here, by size.

#include <vector>

#include "09_averaging/communicator.hpp"
#include "11_ddp/bucket_size.hpp"

namespace gpt {

/// Times all-reduces of f32 in the background, as the backward pass starts them, of 64 KiB and four times as
/// much again and again, up to `largest` bytes or to the first that takes a tenth of a second. The least of
/// three times, as the slowest rank saw it: all ranks get the same numbers. The tensors lie in `memory`,
/// which the communicator takes. Collective.
std::vector<AllReduceTime> measure_all_reduces(Communicator& communicator, int64_t largest,
                                               const std::shared_ptr<Allocator>& memory = host_allocator());

}  // namespace gpt
