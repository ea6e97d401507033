#include "16_trainer/config.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <type_traits>
#include <utility>

#include "10_collectives/algorithm.hpp"
#include "11_ddp/tree.hpp"
#include "13_compression/make_compression.hpp"
#include "16_trainer/device_ranks.hpp"
#include "16_trainer/graph_option.hpp"
#include "16_trainer/local_sgd.hpp"
#include "16_trainer/rank_groups.hpp"
#include "16_trainer/server_options.hpp"
#include "common/argument_parser.hpp"
#include "common/check.hpp"
#include "common/file.hpp"

namespace gpt {
namespace {

std::string option(std::string name) {
  for (char& c : name)
    if (c == '_') c = '-';
  return "--" + name;
}

void require_one_of(const std::string& name, const std::string& value,
                    const std::vector<std::string>& allowed) {
  for (const std::string& word : allowed)
    if (value == word) return;
  throw UserError(fmt::format("{} takes {}, not '{}'", name, fmt::join(allowed, ", "), value));
}

/// Numbers from JSON: whole ones stay whole, and 1e30 is no int64_t. A choice that is a word or a number is
/// kept as text.
template <class T>
bool fits(const nlohmann::ordered_json& value, T&) {
  if constexpr (std::is_same_v<T, std::string>) return value.is_string() || value.is_number();
  if constexpr (std::is_same_v<T, bool>) return value.is_boolean();
  if constexpr (std::is_same_v<T, double>) return value.is_number();
  if constexpr (std::is_same_v<T, uint64_t>) return value.is_number_unsigned();
  if constexpr (std::is_same_v<T, int64_t>) return value.is_number_integer();
  return false;
}

/// Beyond these, products of sizes no longer fit into 64 bits; memory ends long before.
void require_possible_sizes(const TrainConfig& config) {
  constexpr int64_t most = 1 << 20, most_tokens = 1 << 30;
  constexpr double most_parameters = 1e12;
  for (const auto& [name, size] : {std::pair("layers", config.layers), std::pair("heads", config.heads),
                                   std::pair("width", config.width), std::pair("context", config.context)})
    GPT_REQUIRE(size <= most, "{} must be at most {}, not {}", option(name), most, size);
  const double width = static_cast<double>(config.width);
  GPT_REQUIRE(12.0 * static_cast<double>(config.layers) * width * width <= most_parameters,
              "--layers {} of --width {} are more than {} parameters", config.layers, config.width,
              most_parameters);
  GPT_REQUIRE(config.context < 1 || config.batch <= most_tokens / config.context,
              "--batch {} of --context {} are more than {} tokens in a step", config.batch, config.context,
              most_tokens);
}

}  // namespace

const std::vector<std::string>& fixed_choices() {
  static const std::vector<std::string> names{"data",  "tokenizer", "validation",     "layers",
                                              "heads", "width",     "context",        "batch",
                                              "seed",  "compress",  "compress_warmup"};
  return names;
}

GptConfig TrainConfig::model(int64_t vocabulary) const {
  return {.layers = layers,
          .heads = heads,
          .width = width,
          .context = context,
          .vocabulary = vocabulary,
          .dropout = static_cast<float>(dropout)};
}

std::optional<int64_t> TrainConfig::bucket_bytes() const {
  if (bucket_mb == "auto") return {};
  constexpr double bytes_per_megabyte = 1 << 20;
  double megabytes = 0;
  const char* const end = bucket_mb.data() + bucket_mb.size();
  const auto [at, error] = std::from_chars(bucket_mb.data(), end, megabytes);
  GPT_REQUIRE(error == std::errc() && at == end && megabytes > 0 && megabytes < 1e6,
              "--bucket-mb takes auto or a number of megabytes, not '{}'", bucket_mb);
  return std::max<int64_t>(1, static_cast<int64_t>(megabytes * bytes_per_megabyte));
}

// [validate]
void TrainConfig::validate() const {
  require_possible_sizes(*this);
  model(256).validate();
  const auto at_least = [](const char* name, auto value, double least) {
    const auto number = static_cast<double>(value);
    GPT_REQUIRE(number >= least && std::isfinite(number), "{} must be at least {}, not {}", option(name),
                least, value);
  };
  const auto between = [](const char* name, double value, double low, double high) {
    GPT_REQUIRE(value >= low && value < high, "{} must be at least {} and less than {}, not {}", option(name),
                low, high, value);
  };
  at_least("batch", batch, 1);
  at_least("micro_batch", micro_batch, 0);
  GPT_REQUIRE(micro_batch <= batch, "--micro-batch {} is more than --batch {}", micro_batch, batch);
  at_least("steps", steps, 1);
  at_least("lr", lr, 0);
  at_least("min_lr", min_lr, 0);
  GPT_REQUIRE(min_lr <= lr, "--min-lr {} is larger than --lr {}", min_lr, lr);
  at_least("warmup", warmup, 0);
  at_least("weight_decay", weight_decay, 0);
  at_least("clip", clip, 0);
  between("beta1", beta1, 0, 1);
  between("beta2", beta2, 0, 1);
  between("validation", validation, 0, 1);
  GPT_REQUIRE(epsilon > 0 && std::isfinite(epsilon), "--epsilon must be more than 0, not {}", epsilon);
  at_least("eval_every", eval_every, 1);
  at_least("eval_batches", eval_batches, 0);
  at_least("checkpoint_every", checkpoint_every, 1);
  at_least("keep", keep, 1);
  at_least("sample_every", sample_every, 0);
  at_least("sample_length", sample_length, 0);
  between("threads", static_cast<double>(threads), 0, 1025);
  at_least("check_every", check_every, 0);
  GPT_REQUIRE(is_power_of_two(leaves), "--leaves must be 1, 2, 4, 8, …, not {}", leaves);
  const int64_t largest_leaf = (batch + leaves - 1) / leaves;
  GPT_REQUIRE(!reproducible || micro_batch == 0 || micro_batch >= largest_leaf,
              "with --reproducible a micro-batch is --batch {} / --leaves {}, which is more than "
              "--micro-batch {}: choose more --leaves",
              batch, leaves, micro_batch);
  bucket_bytes();
  at_least("compress_warmup", compress_warmup, 1);
  GPT_REQUIRE(make_compression(compress) == nullptr || !reproducible,
              "--compress {} rounds each rank's part of a sum, so the bits depend on the number of ranks: "
              "leave out --reproducible or --compress",
              compress);
  GPT_REQUIRE(zero >= 0 && zero <= 3, "--zero takes 0, 1, 2 or 3, not {}", zero);
  GPT_REQUIRE(
      zero == 0 || make_compression(compress) == nullptr,
      "--compress {} sums whole gradients on every rank, and --zero {} has each rank sum its own share: "
      "leave out one of them",
      compress, zero);
  GPT_REQUIRE(zero == 0 || bucket_mb == "auto",
              "--zero {} sums a layer at a time, so there is no --bucket-mb {} to choose", zero, bucket_mb);
  GPT_REQUIRE(zero == 0 || (device != "cuda" && device != "simt"),
              "--zero {} gives pages of the host's memory back, and not those of --device {}", zero, device);
  require_one_of("--schedule", schedule, {"cosine", "linear", "step", "constant"});
  require_one_of("--overlap", overlap, {"on", "off"});
  gpt::validate(device_choice(0));
  std::vector<std::string> reduces{"auto"};
  for (const AllReduceAlgorithm algorithm : all_reduce_algorithms) reduces.emplace_back(name_of(algorithm));
  require_one_of("--all-reduce", all_reduce, reduces);
  validate_local_sgd(*this);
  validate_tp(*this);
  validate_servers(*this);
  validate_comm(*this);
  validate_cuda_graph(*this);
}
// [/validate]

nlohmann::ordered_json to_json(const TrainConfig& config) {
  nlohmann::ordered_json json;
  json["preset"] = config.preset;
  for_each_choice(config, [&](const char* name, const auto& value, const char*) { json[name] = value; });
  return json;
}

void apply_json(TrainConfig& config, const nlohmann::ordered_json& json, const std::string& where) {
  GPT_REQUIRE(json.is_object(), "{} is no configuration: it should be {{\"name\": value, …}}", where);
  std::vector<std::string> names{"preset"};
  for_each_choice(config, [&](const char* name, auto&, const char*) { names.emplace_back(name); });
  for (const auto& [key, value] : json.items()) {
    bool known = key == "preset";
    if (known) {
      GPT_REQUIRE(value.is_string(), "{} gives preset as {}", where, value.dump());
      config.preset = value.template get<std::string>();
    }
    for_each_choice(config, [&](const std::string& name, auto& member, const char*) {
      if (key != name) return;
      known = true;
      GPT_REQUIRE(fits(value, member), "{} gives {} as {}, which is no value for it", where, key,
                  value.dump());
      using T = std::decay_t<decltype(member)>;
      if constexpr (std::is_same_v<T, std::string>)
        member = value.is_number() ? value.dump() : value.template get<T>();
      else
        member = value.template get<T>();
    });
    const std::string nearest = known ? "" : nearest_name(key, names);
    GPT_REQUIRE(known, "{} has an unknown entry '{}'{}", where, key,
                nearest.empty() ? std::string() : "; did you mean '" + nearest + "'?");
  }
}

nlohmann::ordered_json read_json_file(const std::filesystem::path& path) {
  try {
    return nlohmann::ordered_json::parse(read_file(path));
  } catch (const nlohmann::json::exception&) {
    throw UserError(fmt::format("{} is no JSON file, or a damaged one", path.string()));
  }
}

}  // namespace gpt
