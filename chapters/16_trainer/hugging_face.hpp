#pragma once
// GPT-2 as Hugging Face's library `transformers` stores it: a folder with config.json and model.safetensors.
//
// Its linear layers ("Conv1D") keep their matrices as (inputs, outputs), as our files do since chapter 05. So
// what differs is around the numbers: a prefix before the names, the output layer that may be named a second
// time, masks that are stored as if they were weights, and a config.json beside.

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "05_gpt/weights.hpp"

namespace gpt {

/// A model's tensors by the names of our files, in order of the forward pass, and its shape.
struct PublishedModel {
  GptConfig config;
  std::vector<std::pair<std::string, Tensor>> tensors;
  Metadata origin;  ///< how another program wrote it, so that it can be written so again: to_hugging_face()
};

/// Names and shapes that a model of this shape has, in order of the forward pass.
std::vector<std::pair<std::string, std::vector<int64_t>>> published_shapes(const GptConfig& config);

/// Reads a folder of Hugging Face's, or a file of weights of ours. Names may have the prefix "transformer.".
/// Throws UserError, one sentence, for a model that is not computed as GPT-2, a tensor that is missing,
/// unknown or of another shape, and an output layer that is not the embedding.
PublishedModel read_published(const std::filesystem::path& path);

/// Writes the folder: what read_published() read from one gets the names, the type of numbers and the
/// config.json that it had. Throws UserError, and leaves nothing, when it is there already or cannot be
/// written.
void to_hugging_face(const PublishedModel& model, const std::filesystem::path& folder);

/// Writes a file of weights as checkpoints have it, which gpt sample, gpt eval and gpt convert read. Throws
/// UserError when it is there already or cannot be written.
void to_weights(const PublishedModel& model, const std::filesystem::path& file);

}  // namespace gpt
