#include "16_trainer/checkpoint.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "05_gpt/weights.hpp"
#include "common/check.hpp"
#include "common/file.hpp"

namespace gpt {
namespace fs = std::filesystem;
namespace {

constexpr int format_version = 1;
const std::string folder_prefix = "step-";
const std::string temporary_prefix = ".partial-";  // of what is being written or removed
const std::vector<std::string> tensor_files{weights_file, moments_file,
                                            "compression.safetensors"};  // the last one is not always there

std::string checksum_text(std::string_view bytes) {
  return fmt::format("{:016x}", checksum(bytes));
}
std::string checksum_text(std::span<const std::byte> bytes) {
  return fmt::format("{:016x}", checksum(bytes));
}

/// The checksum of state.json itself stands in it, computed as if it did not.
std::string own_checksum(nlohmann::ordered_json state) {
  state.erase("checksum");
  return checksum_text(state.dump());
}

/// optimizer-RANK-of-RANKS.safetensors, or what begins otherwise, in order.
std::vector<fs::path> shards_in(const fs::path& folder, const std::string& beginning = "optimizer-") {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().starts_with(beginning)) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

fs::path temporary_folder(const fs::path& checkpoints, int64_t step) {
  return checkpoints / fmt::format("{}{}{:06}", temporary_prefix, folder_prefix, step);
}

nlohmann::ordered_json to_json(const TrainState& state, const fs::path& folder) {
  nlohmann::ordered_json json;
  json["format"] = format_version;
  json["step"] = state.step;
  json["train_loss"] = state.train_loss;
  if (state.val_loss) json["val_loss"] = *state.val_loss;
  json["data"] = state.data;
  std::vector<std::string> names = tensor_files;
  for (const char* beginning : {"optimizer-", "local-"})
    for (const fs::path& shard : shards_in(folder, beginning)) names.push_back(shard.filename().string());
  for (const std::string& name : names) {
    if (!fs::exists(folder / name)) continue;
    const MappedFile file(folder / name);
    json["files"][name] = {{"bytes", file.bytes().size()}, {"checksum", checksum_text(file.bytes())}};
  }
  json["config"] = state.config;
  json["checksum"] = own_checksum(json);
  return json;
}

void write_whole_file(const fs::path& path, const std::string& contents) {
  FileWriter writer(path);
  writer.write(contents.data(), contents.size());
  writer.close();
}

nlohmann::ordered_json read_state(const fs::path& checkpoint) {
  const fs::path path = checkpoint / "state.json";
  GPT_REQUIRE(fs::exists(path), "{} is no checkpoint: it has no state.json", checkpoint.string());
  try {
    const auto json = nlohmann::ordered_json::parse(read_file(path));
    GPT_REQUIRE(json.at("checksum") == own_checksum(json),
                "the checkpoint {} is damaged: its state.json was changed", checkpoint.string());
    GPT_REQUIRE(json.at("format") == format_version,
                "the checkpoint {} has format {}; this program reads format {}", checkpoint.string(),
                json.at("format").dump(), format_version);
    return json;
  } catch (const nlohmann::json::exception&) {
    throw UserError(
        fmt::format("the checkpoint {} is damaged: its state.json cannot be read", checkpoint.string()));
  }
}

void remove_folder(const fs::path& folder) {
  const fs::path temporary = folder.parent_path() / (temporary_prefix + folder.filename().string());
  std::error_code ignored;  // what cannot be removed now is removed when the run is resumed
  fs::rename(folder, temporary, ignored);
  fs::remove_all(temporary, ignored);
}

}  // namespace

namespace {

// [save]
/// Without `moments` the shards of the optimizer are in the temporary folder already.
fs::path save(const fs::path& checkpoints, const TrainState& state, const SafetensorsWriter& weights,
              const SafetensorsWriter* moments, const SavedState& compression, int ranks) {
  const fs::path folder = checkpoints / fmt::format("{}{:06}", folder_prefix, state.step);
  const fs::path temporary = temporary_folder(checkpoints, state.step);
  std::error_code error;
  fs::create_directories(temporary, error);
  GPT_REQUIRE(!error, "cannot make the folder {}: {}", temporary.string(), error.message());
  try {
    weights.write(temporary / tensor_files[0]);
    if (moments) moments->write(temporary / tensor_files[1]);

    SafetensorsWriter unsent;
    unsent.metadata["ranks"] = std::to_string(ranks);
    for (const auto& [name, row] : compression) unsent.add(name, row);
    if (!compression.empty()) unsent.write(temporary / tensor_files[2]);

    write_whole_file(temporary / "state.json", to_json(state, temporary).dump(2) + "\n");
    sync_folder(temporary);
    fs::remove_all(folder,
                   error);  // the same step may have been reached before, by a run that was resumed earlier
    rename_durably(temporary, folder);
  } catch (...) {
    fs::remove_all(temporary, error);
    throw;
  }
  return folder;
}
// [/save]

SafetensorsWriter weights_of(const Gpt& model, int64_t step) {
  SafetensorsWriter weights;
  weights.metadata = checkpoint_metadata(model.config(), step);
  add_weights(weights, model.parameters(), model.parameters().values());
  return weights;
}

}  // namespace

Metadata checkpoint_metadata(const GptConfig& config, int64_t step) {
  Metadata metadata = to_metadata(config);
  metadata["step"] = std::to_string(step);
  return metadata;
}

fs::path save_checkpoint(const fs::path& checkpoints, const TrainState& state, const Gpt& model,
                         const AdamW& optimizer, const SavedState& compression, int ranks) {
  SafetensorsWriter moments;
  add_weights(moments, model.parameters(), optimizer.m(), "m.");
  add_weights(moments, model.parameters(), optimizer.v(), "v.");
  return save(checkpoints, state, weights_of(model, state.step), &moments, compression, ranks);
}

fs::path save_checkpoint(const fs::path& checkpoints, const TrainState& state,
                         const CheckpointTensors& tensors) {
  return save(checkpoints, state, tensors.weights, &tensors.moments, {}, 1);
}

// [shards]
void begin_shards(const fs::path& checkpoints, int64_t step) {
  const fs::path folder = temporary_folder(checkpoints, step);
  std::error_code error;
  fs::remove_all(folder, error);
  fs::create_directories(folder, error);
  GPT_REQUIRE(!error, "cannot make the folder {}: {}", folder.string(), error.message());
}

void save_shard(const fs::path& checkpoints, int64_t step, const Gpt& model, const ShardedAdamW& optimizer,
                int rank, int ranks) {
  write_moments(shard_file(checkpoints, step, rank, ranks), model.parameters(), optimizer);
}

fs::path shard_file(const fs::path& checkpoints, int64_t step, int number, int shares) {
  const fs::path folder = temporary_folder(checkpoints, step);
  std::error_code error;
  fs::create_directories(folder, error);
  GPT_REQUIRE(!error, "cannot make the folder {}: {}", folder.string(), error.message());
  return folder / fmt::format("optimizer-{:05}-of-{:05}.safetensors", number + 1, shares);
}

fs::path save_checkpoint_of_shards(const fs::path& checkpoints, const TrainState& state, const Gpt& model) {
  return save(checkpoints, state, weights_of(model, state.step), nullptr, {}, 1);
}
// [/shards]

namespace {
std::string local_name(int rank, int ranks) {
  return fmt::format("local-{:05}-of-{:05}.safetensors", rank + 1, ranks);
}
}  // namespace

void save_local_moments(const fs::path& checkpoints, int64_t step, const Gpt& model, const AdamW& optimizer,
                        int rank, int ranks) {
  if (rank == 0) return;
  SafetensorsWriter moments;
  add_weights(moments, model.parameters(), optimizer.m(), "m.");
  add_weights(moments, model.parameters(), optimizer.v(), "v.");
  moments.write(temporary_folder(checkpoints, step) / local_name(rank, ranks));
}

void load_local_moments(const fs::path& checkpoint, const Gpt& model, AdamW& optimizer, int rank, int ranks) {
  const fs::path path = checkpoint / local_name(rank, ranks);
  if (!fs::exists(path)) return;
  const SafetensorsFile file(path);
  load_weights(file, model.parameters(), optimizer.m(), "m.");
  load_weights(file, model.parameters(), optimizer.v(), "v.");
}

std::vector<fs::path> list_checkpoints(const fs::path& checkpoints) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(checkpoints, error))
    if (entry.path().filename().string().starts_with(folder_prefix)) found.push_back(entry.path());
  const auto step = [](const fs::path& path) {
    return std::stoll("0" + path.filename().string().substr(folder_prefix.size()));
  };
  std::sort(found.begin(), found.end(),
            [&](const fs::path& a, const fs::path& b) { return step(a) < step(b); });
  return found;
}

void remove_old_checkpoints(const fs::path& checkpoints, int64_t keep) {
  const std::vector<fs::path> all = list_checkpoints(checkpoints);
  const size_t old = all.size() - std::min(all.size(), static_cast<size_t>(keep));
  if (old == 0) return;
  fs::path best;
  double best_loss = std::numeric_limits<double>::infinity();
  for (const fs::path& checkpoint : all) {
    const auto state = read_state(checkpoint);
    if (state.contains("val_loss") && state["val_loss"] < best_loss) {
      best = checkpoint;
      best_loss = state["val_loss"];
    }
  }
  for (size_t i = 0; i < old; ++i)
    if (all[i] != best) remove_folder(all[i]);
}

void remove_leftovers(const fs::path& checkpoints) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(checkpoints, error))
    if (entry.path().filename().string().starts_with(temporary_prefix)) fs::remove_all(entry.path(), error);
}

// [verify]
TrainState verify_checkpoint(const fs::path& checkpoint) {
  const nlohmann::ordered_json json = read_state(checkpoint);
  for (const auto& [name, expected] : json.at("files").items()) {
    GPT_REQUIRE(fs::exists(checkpoint / name), "the checkpoint {} is not whole: {} is missing",
                checkpoint.string(), name);
    const MappedFile file(checkpoint / name);
    const auto bytes = expected.at("bytes").get<size_t>();
    GPT_REQUIRE(file.bytes().size() == bytes,
                "the checkpoint {} is damaged: {} has {} bytes and should have {}", checkpoint.string(), name,
                file.bytes().size(), bytes);
    GPT_REQUIRE(checksum_text(file.bytes()) == expected.at("checksum"),
                "the checkpoint {} is damaged: the checksum of {} is wrong", checkpoint.string(), name);
  }
  TrainState state{json.at("step"), json.at("train_loss"), {}, json.at("data"), json.at("config")};
  if (json.contains("val_loss")) state.val_loss = json["val_loss"].get<double>();
  return state;
}
// [/verify]

void load_model(const fs::path& checkpoint, Gpt& model) {
  load_weights(SafetensorsFile(checkpoint / tensor_files[0]), model.parameters(),
               model.parameters().values());
  model.parameters().refresh_compute_copy();
}

// [load_optimizer]
void read_optimizer(const fs::path& checkpoint, const ParameterStore& store, const TakeMoments& take) {
  if (const fs::path whole = checkpoint / tensor_files[1]; fs::exists(whole)) {
    const SafetensorsFile file(whole);
    for (const char* moment : {"m.", "v."})
      for (Parameter parameter : store.parameters()) {
        const int64_t offset = std::exchange(parameter.offset, 0);
        const Tensor values({parameter.elements}, store.values().dtype());
        const Tensor published = published_view(parameter, values);
        published.copy_from(file.tensor(moment + parameter.name, published.shape()));
        take(*moment, offset, values);
      }
    return;
  }
  int64_t elements = 0;
  for (const fs::path& shard : shards_in(checkpoint))
    elements += read_moments(SafetensorsFile(shard), store, take);
  GPT_REQUIRE(elements == 2 * store.parameter_count(),
              "the checkpoint {} is of another model, or a part of it is missing: it has {} numbers of an "
              "optimizer, and there should be {}",
              checkpoint.string(), elements, 2 * store.parameter_count());
}

void load_optimizer(const fs::path& checkpoint, const Gpt& model, AdamW& optimizer) {
  read_optimizer(checkpoint, model.parameters(), [&](char moment, int64_t offset, const Tensor& values) {
    const Tensor& whole = moment == 'm' ? optimizer.m() : optimizer.v();
    whole.slice(0, offset, offset + values.elements()).copy_from(values);
  });
}

void load_optimizer(const fs::path& checkpoint, const Gpt& model, ShardedAdamW& optimizer) {
  read_optimizer(checkpoint, model.parameters(), [&](char moment, int64_t offset, const Tensor& values) {
    take_moments(optimizer, moment, offset, values);
  });
}
// [/load_optimizer]

bool load_compression(const fs::path& checkpoint, Compression& compression, int rank, int ranks) {
  if (compression.state().empty()) return true;
  if (!fs::exists(checkpoint / tensor_files[2])) return false;
  const SafetensorsFile file(checkpoint / tensor_files[2]);
  restore_state(compression, rank, ranks, static_cast<int>(file.number("ranks")),
                [&](const std::string& name, const Shape& shape) { return file.tensor(name, shape); });
  return true;
}

}  // namespace gpt
