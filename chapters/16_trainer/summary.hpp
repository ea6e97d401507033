#pragma once
// What a run is about to do, in a few lines.

#include <string>

#include "05_gpt/gpt.hpp"
#include "16_trainer/config.hpp"
#include "16_trainer/run_folder.hpp"
#include "16_trainer/training_data.hpp"

namespace gpt {

/// Model, data, batch, machine, how sums are taken (`sums`, unless "") and folder, a line each. `step`: steps
/// done before.
std::string summary(const TrainConfig& config, const RunFolder& run, const TrainingData& data,
                    const Gpt& model, int ranks, const std::string& sums, int64_t step);

/// 1234567 → "1,234,567".
std::string with_commas(int64_t number);

}  // namespace gpt
