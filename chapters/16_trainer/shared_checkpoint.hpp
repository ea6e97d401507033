#pragma once
// --tp: checkpoints of a model that no rank has whole, in the files of a plain run.

#include "15_sharding/shared_weights.hpp"
#include "16_trainer/adamw.hpp"
#include "16_trainer/checkpoint.hpp"

namespace gpt {

/// The whole model and its optimizer, gathered from the ranks that share it: rank 0 of them gets it, and the
/// others nothing. Collective among these ranks.
CheckpointTensors gather_tensors(const Gpt& model, const TensorSharing& sharing, const AdamW& optimizer,
                                 int64_t step);

/// Fills this rank's shares from a verified checkpoint, whoever wrote it. Throws UserError when it is of
/// another shape.
void load_shared(const std::filesystem::path& checkpoint, Gpt& model, const TensorSharing& sharing,
                 AdamW& optimizer);

}  // namespace gpt
