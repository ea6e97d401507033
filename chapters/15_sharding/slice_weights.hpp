#pragma once
// The weights of a slice from and to files of the whole model.

#include "05_gpt/weights.hpp"
#include "15_sharding/gpt_slice.hpp"

namespace gpt {

/// The whole of a parameter, of which each rank of the group has its share in `buffer`, laid out as the
/// arena: its values, its gradients, or a moment. Collective in the group; all ranks get it.
Tensor whole_of(const GptSlice& slice, const Parameter& parameter, const Tensor& buffer);

/// Fills `buffer` with this slice's shares from a file that holds the whole model, in GPT-2's layout
/// (05_gpt/weights.hpp). Throws UserError when a tensor is missing or of another shape.
void load_slice(const SafetensorsFile& file, const GptSlice& slice, const Tensor& buffer,
                const std::string& prefix = "");

/// Adds the whole model's tensors to `writer`, gathered from all ranks: rank 0 of the group of the first
/// stage has them afterwards, in order of the forward pass; what the others have is of no use. `stages`: the
/// ranks with the other layers, in order, if any. Collective in both.
void add_whole_weights(SafetensorsWriter& writer, const GptSlice& slice, const Tensor& buffer,
                       Communicator* stages = nullptr, const std::string& prefix = "");

}  // namespace gpt
