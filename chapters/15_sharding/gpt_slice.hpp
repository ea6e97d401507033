#pragma once
// The part of a GPT that one rank has: some of the layers, and of each of them its share.

#include <string>

#include "09_averaging/communicator.hpp"
#include "15_sharding/cut.hpp"

namespace gpt {

/// The model of chapter 05, computed by many: the same parameters under the same names, the same first values
/// and the same dropout, so that a slice trains as the whole model does. A group of ranks shares the heads of
/// the attention, the hidden width of the MLP and the vocabulary among them (tensor parallelism); a stage
/// keeps some of the layers (pipeline parallelism). With a group of one and all layers it is chapter 05's
/// Gpt.
class GptSlice {
 public:
  /// Throws UserError unless the group divides the heads, and the vocabulary has a token for each rank. Group
  /// and backend outlive the slice. The backend computes in memory of the host.
  GptSlice(const GptConfig& config, Backend& backend, uint64_t seed, Communicator& group, Span layers,
           const MakeBuffer& make_gradients = nullptr);
  /// All layers.
  GptSlice(const GptConfig& config, Backend& backend, uint64_t seed, Communicator& group,
           const MakeBuffer& make_gradients = nullptr)
      : GptSlice(config, backend, seed, group, {0, config.layers}, make_gradients) {}

  const GptConfig& config() const { return config_; }
  Backend& backend() const { return *backend_; }
  Communicator& group() const { return *group_; }
  const Place& place() const { return place_; }
  bool first() const { return place_.layers.from == 0; }
  bool last() const { return place_.layers.to == config_.layers; }
  /// This rank's shares. Where the group is one rank, the whole parameters of these layers.
  ParameterStore& parameters() { return parameters_; }
  const ParameterStore& parameters() const { return parameters_; }

  // The forward pass in three parts; each is collective in the group, and so is its backward pass.
  /// tokens: (B, T) i32 → (B, T, C). On the first stage.
  Variable embed(const Tensor& tokens, const Pass& pass);
  /// (B, T, C) → (B, T, C): this stage's layers.
  Variable blocks(const Variable& x, const Pass& pass);
  /// x: (B, T, C) from the last block, targets: (B, T) i32 → the loss as Gpt::loss says. On the last stage.
  Variable loss_of(const Variable& x, const Tensor& targets, double scale, const Pass& pass);

  /// All three, where one stage has all layers: as Gpt::loss.
  Variable loss(const Tensor& tokens, const Tensor& targets, double scale, const Pass& pass);

  /// All parameters of the whole model.
  const std::vector<WholeParameter>& whole() const { return whole_; }
  const WholeParameter& whole(const std::string& name) const;
  /// Whether this rank answers for a parameter where all parameters of the model are to count once (in a
  /// norm, in a file): of those that the whole group has, rank 0; of the token table, the first stage.
  bool answers_for(const Parameter& parameter) const;

 private:
  Variable block(const Variable& x, int64_t layer, const Pass& pass);
  Variable parameter(const std::string& name, const Pass& pass) const;
  Dropout dropout_at(uint64_t site, const Pass& pass) const;

  GptConfig config_;
  Backend* backend_;
  Communicator* group_;
  Place place_;
  Span heads_, tokens_;  // this rank's
  std::vector<WholeParameter> whole_;
  ParameterStore parameters_;
};

}  // namespace gpt
