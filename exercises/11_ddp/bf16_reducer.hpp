#pragma once

#include <memory>

#include "11_ddp/reducer.hpp"

namespace gpt {

/// Sends buckets in bf16, half the bytes: start() sums a bf16 copy of the f32 gradients over all ranks in the
/// background, and wait() of what it returns writes the sums back, as f32. The communicator outlives it.
std::unique_ptr<GradientReducer> make_bf16_reducer(Communicator& communicator);

}  // namespace gpt
