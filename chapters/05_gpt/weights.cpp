#include "05_gpt/weights.hpp"

#include <algorithm>

#include "common/check.hpp"

namespace gpt {
namespace {

bool is_linear_layer(const Parameter& parameter) {
  return parameter.name.starts_with("h.") && parameter.shape.rank() == 2;
}

int64_t size_in(const SafetensorsFile& file, const std::string& name, size_t dimension) {
  const auto found = file.entries().find(name);
  GPT_REQUIRE(found != file.entries().end() && found->second.sizes.size() == 2,
              "{} holds no GPT-2: it has no matrix {}", file.path().string(), name);
  return found->second.sizes[dimension];
}

}  // namespace

Tensor published_view(const Parameter& parameter, const Tensor& buffer) {
  const Tensor ours =
      buffer.slice(0, parameter.offset, parameter.offset + parameter.elements).reshape(parameter.shape);
  return is_linear_layer(parameter) ? ours.transpose(0, 1) : ours;
}

void add_weights(SafetensorsWriter& writer, const ParameterStore& store, const Tensor& buffer,
                 const std::string& prefix) {
  const auto& parameters = store.parameters();
  const Tensor here = buffer.host();
  for (auto parameter = parameters.rbegin(); parameter != parameters.rend(); ++parameter)
    writer.add(prefix + parameter->name, published_view(*parameter, here));
}

void load_weights(const SafetensorsFile& file, const ParameterStore& store, const Tensor& buffer,
                  const std::string& prefix) {
  for (const Parameter& parameter : store.parameters()) {
    const Shape wanted = published_view(parameter, buffer).shape();
    const auto entry = file.entries().find(prefix + parameter.name);
    GPT_REQUIRE(entry != file.entries().end(), "{} has no tensor {}", file.path().string(),
                prefix + parameter.name);
    const auto& sizes = entry->second.sizes;
    GPT_REQUIRE(std::equal(sizes.begin(), sizes.end(), wanted.begin(), wanted.end()),
                "{} is a model of another shape: {} is ({}), where {} is needed", file.path().string(),
                prefix + parameter.name, fmt::join(sizes, ", "), wanted);
  }
  const Tensor here = buffer.host();
  for (const Parameter& parameter : store.parameters())
    published_view(parameter, here).copy_from(file.tensor(prefix + parameter.name));
  if (buffer.device() != Device::cpu) buffer.copy_from(here);
}

Metadata to_metadata(const GptConfig& config) {
  return {{"format", "pt"},
          {"n_layer", std::to_string(config.layers)},
          {"n_head", std::to_string(config.heads)},
          {"n_embd", std::to_string(config.width)},
          {"n_ctx", std::to_string(config.context)},
          {"vocab_size", std::to_string(config.vocabulary)}};
}

GptConfig config_of(const SafetensorsFile& file) {
  GptConfig config;
  if (file.metadata().contains("n_layer")) {
    const auto whole = [&](const char* name) { return static_cast<int64_t>(file.number(name)); };
    config = {.layers = whole("n_layer"),
              .heads = whole("n_head"),
              .width = whole("n_embd"),
              .context = whole("n_ctx"),
              .vocabulary = whole("vocab_size")};
  } else {
    config = {.layers = 0,
              .width = size_in(file, "wte.weight", 1),
              .context = size_in(file, "wpe.weight", 0),
              .vocabulary = size_in(file, "wte.weight", 0)};
    while (file.contains(fmt::format("h.{}.ln_1.weight", config.layers))) ++config.layers;
    config.heads = std::max<int64_t>(1, config.width / 64);
  }
  config.validate();
  return config;
}

}  // namespace gpt
