#pragma once
// One small GPT, trained with and without overlap: what the program shows of it.

#include <string>

#include "09_averaging/communicator.hpp"

namespace gpt {

/// Trains for a few steps each way over a simulated link of 1 Gbit/s, and prints a step of each as bars, with
/// the time that it took and the share of the communication that was hidden. With `figures`, rank 0 writes
/// timeline.svg and buckets.svg there. Collective; only rank 0's words are seen.
void study_overlap(Communicator& communicator, bool stable, const std::string& figures);

}  // namespace gpt
