#pragma once

#include "09_averaging/communicator.hpp"

namespace gpt {

/// Each rank has its slice of one long gradient (flat, f32; slices may differ in length, or be empty).
/// Shortens the whole gradient to `max_norm` where it is longer, each rank its slice in place, and returns
/// the norm that the whole one had, the same on all ranks. The factor is max_norm / norm. Collective.
double clip_slice(Communicator& communicator, const Tensor& slice, double max_norm);

}  // namespace gpt
