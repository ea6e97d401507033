#pragma once

#include "15_sharding/pipeline_schedule.hpp"

namespace gpt {

/// The order of a stage's work where there is memory for the activations of `most` micro-batches (at least
/// one) and not more: one_forward_one_backward() where that many suffice, and where they do not, the same
/// with fewer micro-batches ahead.
std::vector<Task> order_within(int stage, int stages, int micro_batches, int most);

}  // namespace gpt
