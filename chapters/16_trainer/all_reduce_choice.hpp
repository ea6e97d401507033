#pragma once
// --all-reduce: how the ranks of a run add up their gradients.

#include <string>

#include "09_averaging/communicator.hpp"
#include "16_trainer/config.hpp"
#include "16_trainer/run_folder.hpp"

namespace gpt {

/// Gives the communicator the plan of its all-reduces, and writes it into the run's communication.json:
/// floating-point sums depend on their order, so a run that is resumed on as many ranks goes on with the plan
/// it began with. An algorithm that the configuration names is taken for all sizes. "auto" is shared memory
/// when all ranks are on one host, where it is the fastest for all but the shortest messages and adds in
/// order of rank; on several hosts it is what a measurement of half a second chooses.
/// Returns the plan as text with its origin, "" for a communicator that has no choice: one rank, or threads.
/// Collective; throws UserError on all ranks.
std::string choose_all_reduce(const TrainConfig& config, const RunFolder& run, bool resumed,
                              Communicator& communicator);

}  // namespace gpt
