#pragma once
// A model that was trained before, with all that is needed to use it.

#include <memory>
#include <string>

#include "16_trainer/config.hpp"
#include "16_trainer/run_folder.hpp"
#include "16_trainer/training_data.hpp"

namespace gpt {

/// Where to find a model, as the options --run and --checkpoint name it.
struct ModelChoice {
  std::string run;         ///< a run's folder; empty: the one in out/ that was written last
  std::string checkpoint;  ///< a checkpoint's folder, or a file of weights as GPT-2 is published; empty: the
                           ///< run's newest
  std::string tokenizer;   ///< file or folder; empty: the run's
  std::string device = "auto";
};

/// A model read from a checkpoint, verified.
struct TrainedModel {
  RunFolder run;  ///< its path is empty for weights that belong to no run
  std::filesystem::path checkpoint;
  TrainConfig config;
  int64_t step = 0;
  std::unique_ptr<Tokenizer> tokenizer;
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Gpt> model;
};

/// Throws UserError when there is no such model, it is damaged, the tokenizer is not its own, or there is no
/// such device.
TrainedModel load_trained_model(const ModelChoice& choice, int rank = 0);

}  // namespace gpt
