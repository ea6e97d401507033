#pragma once

#include <span>

#include "09_averaging/communicator.hpp"

namespace gpt {

/// The cross-entropy of one position, whose logits are split over the ranks of `group`: `logits` are this
/// rank's, those of the tokens first, first + 1, …; at least one. Returns -log softmax(all logits)[target],
/// the same on all ranks, and overwrites the logits with its gradient: softmax(all logits) - one_hot(target).
/// No rank ever sees the logits of another, and logits may be large: 1000, or -1000.
double split_cross_entropy(Communicator& group, std::span<double> logits, int64_t first, int64_t target);

}  // namespace gpt
