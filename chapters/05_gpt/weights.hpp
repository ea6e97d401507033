#pragma once
// A model's numbers under the names and in the layout of GPT-2's published files.

#include <string>

#include "05_gpt/gpt.hpp"
#include "05_gpt/safetensors.hpp"

namespace gpt {

/// One parameter's part of `buffer`, which is laid out as the arena (its values, its gradients, or an
/// optimizer's moments), as the published files show it: a view in which the matrices of the linear layers
/// (c_attn, c_fc, c_proj) are (inputs, outputs). Ours are (outputs, inputs). Writing to the view writes to
/// the buffer.
Tensor published_view(const Parameter& parameter, const Tensor& buffer);

/// Adds every parameter's part of `buffer`, in order of the forward pass, as `prefix` + name.
void add_weights(SafetensorsWriter& writer, const ParameterStore& store, const Tensor& buffer,
                 const std::string& prefix = "");

/// Fills `buffer` from the file. Throws UserError when a tensor is missing or of another shape, and changes
/// nothing then.
void load_weights(const SafetensorsFile& file, const ParameterStore& store, const Tensor& buffer,
                  const std::string& prefix = "");

/// The shape of a model as metadata (n_layer, n_head, n_embd, n_ctx, vocab_size), and back. Where a file has
/// none of these, as GPT-2's own, the tensors tell all but the number of heads, which is width / 64 in all of
/// OpenAI's models.
Metadata to_metadata(const GptConfig& config);
GptConfig config_of(const SafetensorsFile& file);

}  // namespace gpt
