#pragma once
// N ranks must train as one rank with the whole batch does.

#include <string>
#include <vector>

#include "09_averaging/communicator.hpp"

namespace gpt {

/// Trains a small classifier and a tiny GPT for 10 steps of AdamW on all ranks of `communicator`, with any
/// bucket size, number of micro-batches, and with and without overlap, and expects the loss and parameters of
/// a single rank. Called by all ranks.
void expect_classifier_trains_as_on_one_rank(Communicator& communicator);
void expect_gpt_trains_as_on_one_rank(Communicator& communicator);
/// A batch of two samples: with more ranks than that, some have nothing to do.
void expect_ranks_without_samples_change_nothing(Communicator& communicator);
/// With sums in a fixed tree, the parameters are those of one rank, bit for bit: a classifier, and a GPT with
/// dropout in f32 and in bf16. The number of ranks is a power of two.
void expect_bits_do_not_depend_on_the_ranks(Communicator& communicator);
/// One rank's parameters are changed: all ranks must get an Error that names it.
void expect_divergence_is_named(Communicator& communicator);

}  // namespace gpt
