#pragma once
// The weights of a shared model from and to files of the whole one.

#include "05_gpt/weights.hpp"
#include "15_sharding/tensor_sharing.hpp"

namespace gpt {

/// The whole of a parameter, of which each rank of the group has its share in `buffer`, laid out as the
/// arena: its values, its gradients, or a moment. Collective in the group; all ranks get it.
Tensor whole_of(const TensorSharing& sharing, const Parameter& parameter, const Tensor& buffer);

/// Throws Error on all ranks of the group, which names the step, a parameter and a rank of the group, when
/// what every rank has whole is not the same on all any more, bit for bit. Collective in the group.
void check_what_all_have(const TensorSharing& sharing, const ParameterStore& store, int64_t step);

/// Fills `buffer`, laid out as `store`, with this rank's shares from a file that holds the whole model, in
/// GPT-2's layout (05_gpt/weights.hpp). Throws UserError when a tensor is missing or of another shape.
void load_share(const SafetensorsFile& file, const TensorSharing& sharing, const ParameterStore& store,
                const Tensor& buffer, const std::string& prefix = "");

/// Adds the whole model's tensors to `writer`, gathered from all ranks: rank 0 of the group of the first
/// stage has them afterwards, in order of the forward pass; what the others have is of no use. `stages`: the
/// ranks with the other layers, in order, if any. Collective in both.
void add_whole_weights(SafetensorsWriter& writer, const TensorSharing& sharing, const ParameterStore& store,
                       const Tensor& buffer, Communicator* stages = nullptr, const std::string& prefix = "");

}  // namespace gpt
