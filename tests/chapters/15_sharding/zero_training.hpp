#pragma once
// A small GPT trained with every stage of ZeRO, on whatever carries the ranks.

#include <vector>

#include "01_tensors/dtype.hpp"
#include "09_averaging/communicator.hpp"

namespace gpt {

struct ZeroCase {
  int stage = 0;  ///< 0: plain data parallelism
  DType compute = DType::f32;
  int64_t batch = 6;          ///< rows of a global batch, shared out as evenly as they divide
  int64_t micro_batches = 1;  ///< of each rank; a row belongs to one of them
  int64_t leaves = 0;         ///< of DataParallelOptions
  float dropout = 0.0f;
  int64_t steps = 10;
};

struct Trained {
  std::vector<double> losses;     ///< of all ranks, by step
  std::vector<float> parameters;  ///< of the whole arena
};

/// The same on all ranks. Collective.
Trained train_with_zero(const ZeroCase& c, Communicator& communicator);

/// Every stage comes to the same losses and parameters as stage 0: bit for bit where the sums are taken in
/// one tree (1, 2 and 4 ranks), else within rounding. Collective.
void expect_all_stages_equal(ZeroCase c, Communicator& communicator);

}  // namespace gpt
