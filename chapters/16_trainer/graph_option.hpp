#pragma once
// --cuda-graph: who may have it.

#include "16_trainer/config.hpp"

namespace gpt {

/// Throws UserError, one sentence, for a --cuda-graph that is neither on nor off, or contradicts a choice.
void validate_cuda_graph(const TrainConfig& config);

}  // namespace gpt
