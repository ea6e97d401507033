#pragma once
// A run's checkpoints, whatever each rank has of the model.

#include <optional>
#include <string>

#include "16_trainer/checkpoint.hpp"
#include "16_trainer/run_folder.hpp"
#include "16_trainer/trainer.hpp"

namespace gpt {

/// The newest checkpoint of a run, verified. Nothing where there is none: the run was killed before its
/// first. Throws UserError when it is damaged, or of other data than those of the fingerprint `data`.
struct NewestCheckpoint {
  std::filesystem::path path;
  TrainState state;
};
std::optional<NewestCheckpoint> newest_checkpoint(const RunFolder& run, const std::string& data);

// [run_checkpoints]
/// The one place that knows which ranks hold what: all of it each, a share of the moments (--zero), moments
/// of their own (--local-sgd), a part of each matrix (--tp), or sums yet to be sent (--compress). For every
/// checkpoint all ranks gather(), and rank 0 may then save() while the others go on.
class RunCheckpoints {
 public:
  /// The newest `keep` checkpoints stay, and the best. All arguments outlive this.
  RunCheckpoints(const RunFolder& run, int64_t keep, Trainer& trainer, Communicator& communicator);

  /// Fills model, optimizer and the rest from the newest checkpoint, if there is one. Throws as
  /// newest_checkpoint(), and UserError when it is of another shape.
  std::optional<TrainState> load(const std::string& data);

  /// What all ranks do for the checkpoint of `step`, before rank 0 saves it. Collective.
  void gather(int64_t step);
  /// Rank 0 alone. Nothing where that step is saved already.
  void save(const TrainState& state);

 private:
  void write_shards(int64_t step);

  const RunFolder& run_;
  int64_t keep_;
  Trainer& trainer_;
  Communicator& communicator_;
  int64_t saved_step_ = -1;
  SavedState unsent_;           // rank 0's, gathered for the next checkpoint …
  CheckpointTensors gathered_;  // … and with --tp all of the model
};
// [/run_checkpoints]

}  // namespace gpt
