#pragma once
// Training by several workers, the way the chapter's program compares them.

#include <functional>
#include <vector>

#include "09_averaging/classifier.hpp"
#include "09_averaging/communicator.hpp"
#include "09_averaging/splits.hpp"

namespace gpt {

/// How a group of workers trains.
struct TrainingPlan {
  std::vector<int64_t> widths{2, 2};  ///< of the net
  int64_t steps = 100;                ///< of plain gradient descent, taken by every worker
  int64_t local_steps = 1;            ///< between two averagings of the parameters; 1: gradient averaging
  double rate = 0.1;
  bool weigh_shards = true;                ///< count each worker by its samples, not each worker alike
  std::vector<double> class_weights = {};  ///< of the loss; empty: all 1
};

/// What training came to. The same on all ranks.
struct TrainingResult {
  Tensor parameters;                 ///< (size of the store) f64
  std::vector<double> round_losses;  ///< the mean loss over all samples after each communication
};

/// Every rank calls it with the same plan and samples, and with the numbers of its own samples. Rank r's loss
/// is the mean over its own samples; what the ranks exchange is gradients, or parameters.
TrainingResult train_together(Communicator& communicator, const TrainingPlan& plan, const Samples& samples,
                              const std::vector<int64_t>& mine);

/// The same with `workers` threads, each with the shard that `shard_of(worker)` says.
TrainingResult train_with_threads(int workers, const TrainingPlan& plan, const Samples& samples,
                                  const std::function<std::vector<int64_t>(int worker)>& shard_of);

}  // namespace gpt
