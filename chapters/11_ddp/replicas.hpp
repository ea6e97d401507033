#pragma once
// Replicas of a model: made equal at the start, and are they still?

#include "03_optimizers/parameter_store.hpp"
#include "09_averaging/communicator.hpp"

namespace gpt {

/// All ranks get rank 0's parameters; the compute copy is refreshed.
void broadcast_parameters(const ParameterStore& parameters, Communicator& communicator);

/// Compares the ranks' parameters by their checksums: 8 bytes on the wire while all is well. When they
/// differ, throws Error on all ranks, which names the step, the first rank that differs from what most ranks
/// have (or, between two, from rank 0), and its first parameter that does.
void check_replicas(const ParameterStore& parameters, Communicator& communicator, int64_t step);

}  // namespace gpt
