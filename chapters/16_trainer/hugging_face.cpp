#include "16_trainer/hugging_face.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

#include "16_trainer/config.hpp"
#include "16_trainer/run_folder.hpp"
#include "common/check.hpp"

namespace gpt {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* prefix = "transformer.";

/// Causal masks, which old versions stored with the weights: "h.0.attn.bias", "h.0.attn.masked_bias".
bool is_mask(const std::string& name) {
  return name.ends_with(".attn.bias") || name.ends_with(".attn.masked_bias");
}

/// config.json of what is no GPT-2 is refused: a model that is computed otherwise would load, and talk
/// nonsense.
void require_gpt2(const Json& config, const std::string& where) {
  const std::vector<std::pair<const char*, Json>> wanted{
      {"model_type", "gpt2"},         {"activation_function", "gelu_new"},
      {"layer_norm_epsilon", 1e-5},   {"scale_attn_weights", true},
      {"tie_word_embeddings", true},  {"scale_attn_by_inverse_layer_idx", false},
      {"add_cross_attention", false}, {"n_inner", nullptr}};
  for (const auto& [name, value] : wanted) {
    const auto found = config.find(name);
    if (found == config.end() || *found == value) continue;
    if (std::string(name) == "n_inner" && *found == 4 * config.value("n_embd", 0)) continue;
    throw UserError(fmt::format("{} has {} = {}; this program computes GPT-2 with {}", where, name,
                                found->dump(), value.is_null() ? "4 n_embd" : value.dump()));
  }
}

GptConfig shape_in(const Json& config, const std::string& where) {
  const auto whole = [&](const char* name) {
    const auto found = config.find(name);
    GPT_REQUIRE(found != config.end() && found->is_number_integer(), "{} has no whole number {}", where,
                name);
    return found->get<int64_t>();
  };
  GptConfig shape{.layers = whole("n_layer"),
                  .heads = whole("n_head"),
                  .width = whole("n_embd"),
                  .context = whole("n_positions"),
                  .vocabulary = whole("vocab_size")};
  shape.validate();
  return shape;
}

Json config_json(const GptConfig& c) {
  return {{"architectures", {"GPT2LMHeadModel"}},
          {"model_type", "gpt2"},
          {"activation_function", "gelu_new"},
          {"n_layer", c.layers},
          {"n_head", c.heads},
          {"n_embd", c.width},
          {"n_positions", c.context},
          {"n_ctx", c.context},
          {"vocab_size", c.vocabulary},
          {"layer_norm_epsilon", 1e-5},
          {"attn_pdrop", 0.0},
          {"embd_pdrop", 0.0},
          {"resid_pdrop", 0.0},
          {"initializer_range", 0.02},
          {"tie_word_embeddings", true},
          {"bos_token_id", nullptr},
          {"eos_token_id", nullptr},
          {"torch_dtype", "float32"}};
}

bool same_numbers(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() &&
         std::memcmp(a.bytes_data(), b.bytes_data(), static_cast<size_t>(a.bytes())) == 0;
}

void require_new(const fs::path& path) {
  std::error_code error;
  GPT_REQUIRE(!fs::exists(fs::symlink_status(path, error)), "{} is there already: choose another by --out",
              path.string());
}

}  // namespace

std::vector<std::pair<std::string, std::vector<int64_t>>> published_shapes(const GptConfig& config) {
  const int64_t width = config.width;
  std::vector<std::pair<std::string, std::vector<int64_t>>> shapes{{"wte.weight", {config.vocabulary, width}},
                                                                   {"wpe.weight", {config.context, width}}};
  const auto layernorm = [&](const std::string& name) {
    shapes.push_back({name + ".weight", {width}});
    shapes.push_back({name + ".bias", {width}});
  };
  const auto linear = [&](const std::string& name, int64_t inputs, int64_t outputs) {
    shapes.push_back({name + ".weight", {inputs, outputs}});
    shapes.push_back({name + ".bias", {outputs}});
  };
  for (int64_t layer = 0; layer < config.layers; ++layer) {
    const std::string h = fmt::format("h.{}.", layer);
    layernorm(h + "ln_1");
    linear(h + "attn.c_attn", width, 3 * width);
    linear(h + "attn.c_proj", width, width);
    layernorm(h + "ln_2");
    linear(h + "mlp.c_fc", width, 4 * width);
    linear(h + "mlp.c_proj", 4 * width, width);
  }
  layernorm("ln_f");
  return shapes;
}

// [read_published]
PublishedModel read_published(const fs::path& path) {
  const bool folder = fs::is_directory(path);
  const fs::path file_path = folder ? path / "model.safetensors" : path;
  GPT_REQUIRE(fs::exists(file_path), "there is no {}", file_path.string());
  const SafetensorsFile file(file_path);
  const auto named = [](const std::string& name) {  // without the prefix
    return name.starts_with(prefix) ? name.substr(std::strlen(prefix)) : name;
  };
  PublishedModel model;
  if (folder && fs::exists(path / "config.json")) {
    const Json config = read_json_file(path / "config.json");
    require_gpt2(config, (path / "config.json").string());
    model.config = shape_in(config, (path / "config.json").string());
    model.origin["huggingface_config"] = read_file(path / "config.json");
  } else {
    model.config = config_of(file);
    for (const auto& [name, value] : file.metadata())
      if (name.starts_with("huggingface_")) model.origin[name] = value;
  }
  std::map<std::string, std::string> stored;  // our name → the file's
  for (const auto& [name, entry] : file.entries())
    if (!is_mask(name)) {
      if (name.starts_with(prefix)) model.origin["huggingface_prefix"] = prefix;
      if (named(name) == "lm_head.weight") model.origin["huggingface_head"] = name;
      GPT_REQUIRE(stored.emplace(named(name), name).second, "{} has {} twice, with and without {}",
                  file_path.string(), named(name), prefix);
    }
  if (folder && !model.origin.contains("huggingface_prefix")) model.origin["huggingface_prefix"] = "";

  for (const auto& [name, sizes] : published_shapes(model.config)) {
    const auto found = stored.find(name);
    GPT_REQUIRE(found != stored.end(), "{} has no tensor {}", file_path.string(), name);
    const auto& entry = file.entries().at(found->second);
    GPT_REQUIRE(entry.sizes == sizes, "{} is a model of another shape: {} is ({}), where ({}) is needed",
                file_path.string(), name, fmt::join(entry.sizes, ", "), fmt::join(sizes, ", "));
    model.tensors.emplace_back(name, file.tensor(found->second));
    stored.erase(found);
  }
  if (const auto head = stored.find("lm_head.weight"); head != stored.end()) {
    GPT_REQUIRE(
        same_numbers(file.tensor(head->second), model.tensors.front().second),
        "{} has an output layer of its own; this program computes GPT-2, whose output layer is the embedding",
        file_path.string());
    stored.erase(head);
  }
  GPT_REQUIRE(stored.empty(), "{} has a tensor {}, which is none of GPT-2's", file_path.string(),
              stored.begin()->second);
  return model;
}
// [/read_published]

void to_hugging_face(const PublishedModel& model, const fs::path& folder) {
  require_new(folder);
  const auto origin = [&](const char* name, const std::string& otherwise) {
    const auto found = model.origin.find(name);
    return found == model.origin.end() ? otherwise : found->second;
  };
  const std::string before = origin("huggingface_prefix", prefix);
  SafetensorsWriter writer;
  writer.metadata["format"] = "pt";
  for (const auto& [name, tensor] : model.tensors) writer.add(before + name, tensor);
  if (const std::string head = origin("huggingface_head", ""); !head.empty())
    writer.add(head, model.tensors.front().second);
  const std::string config = origin("huggingface_config", config_json(model.config).dump(2) + "\n");
  make_folder(folder);
  try {
    writer.write(folder / "model.safetensors");
    write_file_atomically(folder / "config.json", config);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
    throw;
  }
}

void to_weights(const PublishedModel& model, const fs::path& file) {
  require_new(file);
  SafetensorsWriter writer;
  writer.metadata = to_metadata(model.config);
  for (const auto& [name, value] : model.origin) writer.metadata[name] = value;
  for (const auto& [name, tensor] : model.tensors) writer.add(name, tensor);
  writer.write(file);
}

}  // namespace gpt
