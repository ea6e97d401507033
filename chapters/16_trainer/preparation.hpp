#pragma once
// Before the first step: a new run's folder is made, or an old one's is opened.

#include "09_averaging/communicator.hpp"
#include "16_trainer/options.hpp"
#include "16_trainer/run_folder.hpp"
#include "16_trainer/training_data.hpp"

namespace gpt {

/// All that a rank needs to begin.
struct Preparation {
  TrainConfig config;
  RunFolder run;
  bool resumed = false;
  FolderLock lock;  ///< held by rank 0
  TrainingData data;
};

/// Rank 0 checks every choice and reads the data before it writes anything; then it makes the folder with
/// config.json, tokenizer.json and data/, or, to resume, cleans up what a killed process left. The other
/// ranks wait and map the tokens. When making a new folder fails, nothing of it stays. Collective; throws
/// UserError on all ranks.
Preparation prepare_run(const TrainOptions& options, Communicator& communicator);

/// OpenMP threads of this rank: as the run says; 0 leaves what run_mpi_program() has chosen. Returns the
/// number.
int set_threads(int64_t wanted);

}  // namespace gpt
