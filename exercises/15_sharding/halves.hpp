#pragma once

#include <functional>

#include "09_averaging/communicator.hpp"

namespace gpt {

/// Improves the parameters of a slice from their gradients; both flat, of one length.
using Update = std::function<void(const Tensor& parameters, const Tensor& gradients)>;

/// One step of ZeRO 1: all ranks have the same `parameters`, and each the gradients of its part of the batch.
/// Each rank gets the sum of the gradients of its slice, calls `update` once with its slice, and then all
/// ranks have all new parameters. Both tensors are flat, f32, of a length that divides by the number of
/// ranks; slice r belongs to rank r. No rank sends more than two halves of an all-reduce. Collective.
void sharded_step(Communicator& communicator, const Tensor& parameters, const Tensor& gradients,
                  const Update& update);

}  // namespace gpt
