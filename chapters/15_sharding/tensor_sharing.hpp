#pragma once
// The part of a GPT that one rank has: some of the layers, and of each of them its share.

#include <string>
#include <vector>

#include "05_gpt/sharing.hpp"
#include "09_averaging/communicator.hpp"
#include "15_sharding/cut.hpp"

namespace gpt {

// [sharing]
/// Makes chapter 05's Gpt one of several that compute a model together: the same parameters under the same
/// names, the same first values and the same dropout, so that they train as a whole one does. A group of
/// ranks shares the heads of the attention, the hidden width of the MLP and the vocabulary among them (tensor
/// parallelism); a stage keeps some of the layers (pipeline parallelism).
class TensorSharing final : public Sharing {
 public:
  /// Throws UserError unless the group divides the heads, and the vocabulary has a token for each rank. The
  /// group outlives it. The model computes in memory of the host.
  TensorSharing(const GptConfig& config, Communicator& group, Span layers);
  /// All layers.
  TensorSharing(const GptConfig& config, Communicator& group)
      : TensorSharing(config, group, {0, config.layers}) {}

  int rank() const override { return place_.rank; }
  int ranks() const override { return place_.ranks; }
  void declare(ParameterStore& store, const WholeParameter& whole, uint64_t seed) const override;
  Variable whole_to_parts(const Variable& x) const override;
  Variable parts_to_whole(Backend& backend, const Variable& x, const Variable& weight, const Variable& bias,
                          const Variable& residual) const override;
  Variable embedding(Backend& backend, const Tensor& tokens, const Variable& token_table,
                     const Variable& position_table, int64_t first_position) const override;
  Variable cross_entropy(Backend& backend, const Variable& logits, const Tensor& targets,
                         double scale) const override;
  Tensor all_logits(Backend& backend, const Tensor& logits) const override;
  // [/sharing]

  Communicator& group() const { return *group_; }
  const Place& place() const { return place_; }
  bool first() const { return place_.layers.from == 0; }
  bool last() const { return place_.layers.to == config_.layers; }
  /// All parameters of the whole model.
  const std::vector<WholeParameter>& whole() const { return whole_; }
  const WholeParameter& whole(const std::string& name) const;
  /// Whether this rank answers for a parameter where all parameters of the model are to count once (in a
  /// norm, in a file): of those that the whole group has, rank 0; of the token table, the first stage.
  bool answers_for(const Parameter& parameter) const;

 private:
  GptConfig config_;
  Communicator* group_;
  Place place_;
  Span tokens_;  // this rank's
  std::vector<WholeParameter> whole_;
};

}  // namespace gpt
