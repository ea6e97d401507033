#include "16_trainer/trained_model.hpp"

#include <nlohmann/json.hpp>

#include "05_gpt/weights.hpp"
#include "16_trainer/checkpoint.hpp"
#include "16_trainer/commands.hpp"
#include "common/check.hpp"

namespace gpt {
namespace {

namespace fs = std::filesystem;

void build_model(TrainedModel& trained, const fs::path& weights, const DeviceChoice& device) {
  const SafetensorsFile file(weights);
  trained.backend = make_backend(device);
  trained.model = std::make_unique<Gpt>(config_of(file), *trained.backend, 0);
  load_weights(file, trained.model->parameters(), trained.model->parameters().values());
  trained.model->parameters().refresh_compute_copy();
}

void read_checkpoint(TrainedModel& trained, DeviceChoice device) {
  const TrainState state = verify_checkpoint(trained.checkpoint);
  apply_json(trained.config, state.config, trained.checkpoint.string());
  trained.step = state.step;
  const bool plain = trained.config.precision == "tf32" && device.device != "cuda";  // f32 is that and more
  device.precision = plain ? "f32" : trained.config.precision;
  build_model(trained, trained.checkpoint / "model.safetensors", device);
}

/// --weights and --prune: a zero stays a zero when it is rounded, so pruning comes first.
void make_smaller(TrainedModel& trained, const ModelChoice& choice) {
  ParameterStore& parameters = trained.model->parameters();
  if (choice.prune > 0) trained.smaller = prune(parameters, choice.prune);
  if (choice.weights == "int8") trained.smaller = round_to_int8(parameters);
}

}  // namespace

void add_model_options(ArgumentParser& parser, ModelChoice& model) {
  parser.add_option("--run", model.run, "folder of a run (default: the latest in out/)");
  parser.add_option("--checkpoint", model.checkpoint,
                    "folder of a checkpoint (default: the run's newest), or a file of weights");
  parser.add_option("--tokenizer", model.tokenizer, "the model's tokenizer (default: the run's)");
  parser.add_option("--device", model.device, "cuda, cpu, simt, or auto: cuda where there is a GPU");
  parser.add_option("--weights", model.weights,
                    "f32 as they are, or int8: matrices rounded to bytes (chapter 13)");
  parser.add_option("--prune", model.prune,
                    "set this share of each matrix to zero, the smallest numbers (chapter 13)");
}

TrainedModel load_trained_model(const ModelChoice& choice, int rank) {
  const DeviceChoice device{.device = choice.device, .rank = rank};
  validate(device);
  GPT_REQUIRE(choice.weights == "f32" || choice.weights == "int8", "--weights takes f32 or int8, not '{}'",
              choice.weights);
  GPT_REQUIRE(choice.prune >= 0 && choice.prune <= 1, "--prune takes a share from 0 to 1, not {}",
              choice.prune);
  TrainedModel trained;
  trained.checkpoint = choice.checkpoint;
  if (choice.checkpoint.empty()) {
    trained.run = existing_run_folder(choice.run);
    const auto checkpoints = list_checkpoints(trained.run.checkpoints());
    GPT_REQUIRE(!checkpoints.empty(), "the run in {} has no checkpoint yet", trained.run.path.string());
    trained.checkpoint = checkpoints.back();
  } else {
    GPT_REQUIRE(choice.run.empty(), "--run and --checkpoint both name a model: give one of them");
    GPT_REQUIRE(fs::exists(trained.checkpoint), "there is no checkpoint {}", choice.checkpoint);
    const fs::path run = fs::weakly_canonical(trained.checkpoint).parent_path().parent_path();
    if (RunFolder{run}.holds_a_run()) trained.run.path = run;
  }
  if (fs::is_directory(trained.checkpoint))
    read_checkpoint(trained, device);
  else
    build_model(trained, trained.checkpoint, device);

  GPT_REQUIRE(!choice.tokenizer.empty() || !trained.run.path.empty(),
              "{} belongs to no run: name its tokenizer by --tokenizer", trained.checkpoint.string());
  trained.tokenizer =
      load_tokenizer(choice.tokenizer.empty() ? trained.run.tokenizer() : fs::path(choice.tokenizer));
  GPT_REQUIRE(trained.tokenizer->vocabulary_size() == trained.model->config().vocabulary,
              "the tokenizer has {} tokens, and the model in {} a vocabulary of {}",
              trained.tokenizer->vocabulary_size(), trained.checkpoint.string(),
              trained.model->config().vocabulary);
  make_smaller(trained, choice);
  return trained;
}

}  // namespace gpt
