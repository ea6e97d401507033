#pragma once
// Training with compressed gradients, on whatever carries the ranks.

#include "09_averaging/communicator.hpp"

namespace gpt {

/// For every compression: after 100 steps the ranks hold the same bits. Called by all ranks.
void expect_replicas_stay_equal(Communicator& communicator);
/// For every compression: a net learns as with whole gradients, or nearly.
void expect_training_works(Communicator& communicator);

}  // namespace gpt
