#pragma once
// Are the replicas of a model still equal?

#include "03_optimizers/parameter_store.hpp"
#include "09_averaging/communicator.hpp"

namespace gpt {

/// Compares the ranks' parameters by their checksums: 8 bytes on the wire while all is well. When they
/// differ, throws Error on all ranks, which names the step, the first rank that differs from what most ranks
/// have (or, between two, from rank 0), and its first parameter that does.
void check_replicas(const ParameterStore& parameters, Communicator& communicator, int64_t step);

}  // namespace gpt
