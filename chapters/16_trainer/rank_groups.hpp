#pragma once
// --tp: which ranks share a model, and which divide the batch.

#include <memory>
#include <vector>

#include "09_averaging/communicator.hpp"
#include "16_trainer/config.hpp"

namespace gpt {

/// Throws UserError, one sentence, for a --tp that contradicts other choices.
void validate_tp(const TrainConfig& config);

/// Throws UserError, one sentence, unless --tp fits these ranks; `hosts[r]`: any number that ranks on one
/// host have in common.
void require_fitting_groups(const TrainConfig& config, const std::vector<double>& hosts);

// [groups]
/// With --tp N, N neighbours share one model (chapter 15). There are ranks / N such groups; those who have
/// the same place in theirs have the same share of a model, divide the batch among them and add up their
/// gradients (chapter 11). Without --tp every rank has a model, and all divide the batch.
class RankGroups {
 public:
  /// `all` outlives it. Collective.
  RankGroups(Communicator& all, int64_t tp);

  Communicator& all() const { return *all_; }
  /// The ranks that share this rank's model; nullptr without --tp.
  Communicator* model() const { return model_.get(); }
  /// The ranks that divide the batch.
  Communicator& data() const { return data_ ? *data_ : *all_; }
  int ranks_per_model() const { return model_ ? model_->size() : 1; }
  /// Has this rank a share of rank 0's model?
  bool with_rank_0() const { return all_->rank() < ranks_per_model(); }

 private:
  Communicator* all_;
  std::unique_ptr<Communicator> model_, data_;  // nullptr without --tp
};
// [/groups]

}  // namespace gpt
