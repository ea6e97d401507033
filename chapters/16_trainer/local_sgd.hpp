#pragma once
// --local-sgd H: every rank walks H steps on its own rows, then all of them meet in the middle.

#include <string>
#include <vector>

#include "09_averaging/communicator.hpp"
#include "16_trainer/config.hpp"

namespace gpt {

/// Throws UserError, one sentence, for --local-sgd beside a choice that has no meaning then.
void validate_local_sgd(const TrainConfig& config);

/// ", parameters averaged every 16 steps" for the summary; "" for a run that averages gradients.
std::string describe_local_sgd(const TrainConfig& config);

/// Steps from `number` (counted from 0) to the next multiple of `every`, or to the end of the run.
int64_t steps_to_averaging(int64_t number, int64_t every, int64_t steps);

/// What a rank knows of its own steps between two averagings.
struct LocalSteps {
  std::vector<double> losses;  ///< of each step: the mean over this rank's own rows
  std::vector<double> norms;   ///< of its own gradient, before clipping
  int wish = 0;
};

/// The averages over all ranks, in which a rank counts as many times as it has `rows`: the same bits on all.
/// A rank may have stopped at a bad number; then the result ends with that step, for all. The strongest wish
/// holds. `most` is the largest number of steps that any rank may have. Collective.
LocalSteps average_steps(const LocalSteps& mine, int64_t most, int64_t rows, Communicator& communicator);

/// All ranks' parameters become their average, in which a rank counts as many times as it has `rows`: the
/// same bits on all, and the compute copy with them. Those in a device's memory take the way over the host.
/// Collective.
void average_replicas(const ParameterStore& parameters, int64_t rows, Communicator& communicator);

}  // namespace gpt
