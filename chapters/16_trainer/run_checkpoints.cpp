#include "16_trainer/run_checkpoints.hpp"

#include <utility>

#include "16_trainer/shared_checkpoint.hpp"
#include "16_trainer/together.hpp"

namespace gpt {

std::optional<NewestCheckpoint> newest_checkpoint(const RunFolder& run, const std::string& data) {
  const auto checkpoints = list_checkpoints(run.checkpoints());
  if (checkpoints.empty()) return std::nullopt;
  const std::filesystem::path& path = checkpoints.back();
  TrainState state = verify_checkpoint(path);
  GPT_REQUIRE(state.data == data, "the data in {} are not those that the checkpoint {} was trained on",
              run.training_tokens().parent_path().string(), path.string());
  return NewestCheckpoint{path, std::move(state)};
}

RunCheckpoints::RunCheckpoints(const RunFolder& run, int64_t keep, Trainer& trainer,
                               Communicator& communicator)
    : run_(run), keep_(keep), trainer_(trainer), communicator_(communicator) {}

std::optional<TrainState> RunCheckpoints::load(const std::string& data) {
  const auto newest = newest_checkpoint(run_, data);
  if (!newest) return std::nullopt;
  const std::filesystem::path& path = newest->path;
  Gpt& model = trainer_.model();
  if (const TensorSharing* sharing = trainer_.sharing()) {
    load_shared(path, model, *sharing, trainer_.optimizer());
  } else if (Zero* zero = trainer_.zero()) {
    load_model(path, model);
    load_optimizer(path, model, zero->optimizer());
    zero->give_back_parameters();
  } else {
    load_model(path, model);
    load_optimizer(path, model, trainer_.optimizer());
    if (trainer_.local_moments())
      load_local_moments(path, model, trainer_.optimizer(), communicator_.rank(), communicator_.size());
  }
  if (Compression* compression = trainer_.compression())
    if (!load_compression(path, *compression, communicator_.rank(), communicator_.size()))
      trainer_.continue_momentum(newest->state.step);
  saved_step_ = newest->state.step;
  return newest->state;
}

// [gather]
void RunCheckpoints::gather(int64_t step) {
  if (trainer_.zero() || trainer_.local_moments()) write_shards(step);
  if (trainer_.compression()) unsent_ = gather_state(*trainer_.compression(), communicator_);
  if (trainer_.sharing() && trainer_.groups().with_rank_0())
    gathered_ = gather_tensors(trainer_.model(), *trainer_.sharing(), trainer_.optimizer(), step);
}

/// Every rank writes what it has of the optimizer, before rank 0 writes the rest.
void RunCheckpoints::write_shards(int64_t step) {
  const int rank = communicator_.rank(), ranks = communicator_.size();
  on_first_rank(communicator_, [&] { begin_shards(run_.checkpoints(), step); });
  together(communicator_, [&] {
    if (trainer_.zero())
      save_shard(run_.checkpoints(), step, trainer_.model(), trainer_.zero()->optimizer(), rank, ranks);
    else
      save_local_moments(run_.checkpoints(), step, trainer_.model(), trainer_.optimizer(), rank, ranks);
  });
}
// [/gather]

void RunCheckpoints::save(const TrainState& state) {
  if (saved_step_ == state.step) return;
  if (trainer_.sharing())
    save_checkpoint(run_.checkpoints(), state, std::exchange(gathered_, {}));
  else if (trainer_.zero())
    save_checkpoint_of_shards(run_.checkpoints(), state, trainer_.model());
  else
    save_checkpoint(run_.checkpoints(), state, trainer_.model(), trainer_.optimizer(), unsent_,
                    communicator_.size());
  saved_step_ = state.step;
  remove_old_checkpoints(run_.checkpoints(), keep_);
}

}  // namespace gpt
