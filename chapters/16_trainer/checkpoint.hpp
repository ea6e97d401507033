#pragma once
// Checkpoints: folders from which a run goes on as if nothing had happened.
//
//   checkpoints/step-000250/model.safetensors       the parameters, as GPT-2's are published
//                           optimizer.safetensors   Adam's means (m.NAME) and mean squares (v.NAME)
//                           optimizer-00001-of-00004.safetensors, …   instead of it, with --zero: what each
//                                                   rank had of it; they can be read by any number of ranks
//                           compression.safetensors what the ranks have yet to send, with --compress sign and
//                           such state.json              everything else, and the checksums of the files

#include <nlohmann/json.hpp>

#include <optional>
#include <vector>

#include "05_gpt/gpt.hpp"
#include "13_compression/saved_state.hpp"
#include "15_sharding/moment_shards.hpp"
#include "16_trainer/adamw.hpp"

namespace gpt {

/// What a run must know to go on, besides the tensors.
struct TrainState {
  int64_t step = 0;  ///< optimizer steps done
  double train_loss = 0;
  std::optional<double> val_loss;  ///< where this very step was evaluated
  std::string data;                ///< fingerprint of the tokens and their order
  nlohmann::ordered_json config;   ///< the run's choices
};

/// Writes checkpoints/step-NNNNNN: under a temporary name first, every file synced, then the folder, which is
/// then renamed; at no moment is there half a checkpoint under that name. Throws UserError, and then leaves
/// nothing behind. `compression` is what `ranks` ranks have yet to send; empty where there is nothing of it.
std::filesystem::path save_checkpoint(const std::filesystem::path& checkpoints, const TrainState& state,
                                      const Gpt& model, const AdamW& optimizer,
                                      const SavedState& compression = {}, int ranks = 1);

/// A checkpoint's two large files, ready to be written.
struct CheckpointTensors {
  SafetensorsWriter weights, moments;
};
inline constexpr const char* weights_file = "model.safetensors";
inline constexpr const char* moments_file = "optimizer.safetensors";
/// What model.safetensors says of itself.
Metadata checkpoint_metadata(const GptConfig& config, int64_t step);
/// The same for tensors that were gathered from several ranks (--tp).
std::filesystem::path save_checkpoint(const std::filesystem::path& checkpoints, const TrainState& state,
                                      const CheckpointTensors& tensors);

/// With --zero, before save_checkpoint(): rank 0 makes the folder under its temporary name …
void begin_shards(const std::filesystem::path& checkpoints, int64_t step);
/// … and then every rank writes what it has of the moments there. Throws UserError.
void save_shard(const std::filesystem::path& checkpoints, int64_t step, const Gpt& model,
                const ShardedAdamW& optimizer, int rank, int ranks);
/// The file of such a share, number 0 … shares-1, in its folder under the temporary name, which is made where
/// there is none yet: for those who write shares in a way of their own. Throws UserError.
std::filesystem::path shard_file(const std::filesystem::path& checkpoints, int64_t step, int number,
                                 int shares);
/// The rest of such a checkpoint, by rank 0, once all shards are there.
std::filesystem::path save_checkpoint_of_shards(const std::filesystem::path& checkpoints,
                                                const TrainState& state, const Gpt& model);

/// With --local-sgd every rank has moments of its own. Those of rank 0 are the optimizer of the checkpoint;
/// the other ranks write theirs between begin_shards() and save_checkpoint(). Throws UserError.
void save_local_moments(const std::filesystem::path& checkpoints, int64_t step, const Gpt& model,
                        const AdamW& optimizer, int rank, int ranks);
/// And takes them up again, after load_optimizer(). Where another number of ranks wrote the checkpoint, all
/// go on with rank 0's.
void load_local_moments(const std::filesystem::path& checkpoint, const Gpt& model, AdamW& optimizer, int rank,
                        int ranks);

/// The checkpoints in the folder, oldest first.
std::vector<std::filesystem::path> list_checkpoints(const std::filesystem::path& checkpoints);

/// Removes all but the `keep` newest and the one with the least validation loss.
void remove_old_checkpoints(const std::filesystem::path& checkpoints, int64_t keep);

/// Removes what a killed process left half-written or half-removed.
void remove_leftovers(const std::filesystem::path& checkpoints);

/// Reads state.json and compares every file's size and checksum with it. Throws UserError, one sentence, when
/// anything is missing, truncated or changed.
TrainState verify_checkpoint(const std::filesystem::path& checkpoint);

/// Fills model and optimizer from a verified checkpoint. Throws UserError when it is of another shape.
void load_model(const std::filesystem::path& checkpoint, Gpt& model);
void load_optimizer(const std::filesystem::path& checkpoint, const Gpt& model, AdamW& optimizer);
/// The rank's share. Both read what any number of ranks wrote, with and without --zero.
void load_optimizer(const std::filesystem::path& checkpoint, const Gpt& model, ShardedAdamW& optimizer);
/// Hands out both moments of a checkpoint, whoever wrote it, by their places in the arena of a whole model,
/// which is that of `store`.
void read_optimizer(const std::filesystem::path& checkpoint, const ParameterStore& store,
                    const TakeMoments& take);
/// The same for what this rank has yet to send. False, and nothing changes, where the checkpoint has nothing
/// of it, for one rank alone wrote it.
bool load_compression(const std::filesystem::path& checkpoint, Compression& compression, int rank, int ranks);

}  // namespace gpt
