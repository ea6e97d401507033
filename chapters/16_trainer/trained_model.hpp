#pragma once
// A model that was trained before, with all that is needed to use it.

#include <memory>
#include <optional>
#include <string>

#include "13_compression/trained_weights.hpp"
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
  std::string weights = "f32";  ///< or int8: rounded to bytes (chapter 13)
  double prune = 0;             ///< the share of each matrix's numbers that are set to zero, the smallest
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
  std::optional<SmallerModel> smaller;  ///< what --weights or --prune made of it
};

/// Throws UserError when there is no such model, it is damaged, the tokenizer is not its own, or there is no
/// such device.
TrainedModel load_trained_model(const ModelChoice& choice, int rank = 0);

}  // namespace gpt
