#include "16_trainer/options.hpp"

#include <algorithm>

#include "16_trainer/presets.hpp"
#include "common/check.hpp"

namespace gpt {

void add_train_options(ArgumentParser& parser, TrainOptions& options) {
  std::vector<std::string> names;
  for (const auto& [name, meaning] : preset_names()) names.push_back(fmt::format("{} ({})", name, meaning));
  parser.add_option("--preset", options.preset, fmt::format("{}", fmt::join(names, ", ")));
  parser.add_option("--config", options.config_file, "JSON file of choices, such as a run's config.json");
  parser.add_option("--out", options.out,
                    "folder of the run (default: out/PRESET, or the next free out/PRESET-N)");
  parser.add_flag("--resume", options.resume, "go on with the run in --out (default: the latest in out/)");
  add_timeline_options(parser, options.timeline);
  parser
      .add_option("--collective-timeout", options.collective_timeout,
                  "seconds that a rank may keep the others waiting before the job ends (default: 60)")
      .positive();
  TrainConfig shown;  // its defaults are not shown: the preset's hold
  for_each_choice(shown, [&](std::string name, auto& member, const char* meaning) {
    using T = std::decay_t<decltype(member)>;
    std::string option = "--" + name;
    std::replace(option.begin(), option.end(), '_', '-');
    if constexpr (std::is_same_v<T, bool>)
      parser.add_flag_function(
          option, [&options, name](int64_t times) { options.given[name] = times > 0; }, meaning);
    else
      parser.add_option_function<T>(
          option, [&options, name](const T& value) { options.given[name] = value; }, meaning);
  });
}

// [new_config]
TrainConfig new_config(const TrainOptions& options) {
  nlohmann::ordered_json file = nlohmann::ordered_json::object();
  if (!options.config_file.empty()) file = read_json_file(options.config_file);
  TrainConfig named;  // checks the whole file before any of it is used
  apply_json(named, file, options.config_file);

  std::string name = options.preset;
  if (name.empty()) name = file.contains("preset") ? named.preset : "book";
  TrainConfig config = preset(name);
  file.erase("preset");
  apply_json(config, file, options.config_file);
  apply_json(config, options.given, "the command line");
  config.validate();
  return config;
}
// [/new_config]

TrainConfig resumed_config(const TrainOptions& options, const std::filesystem::path& config_file) {
  const nlohmann::ordered_json before = read_json_file(config_file);
  TrainConfig config;
  apply_json(config, before, config_file.string());
  GPT_REQUIRE(options.preset.empty() || options.preset == config.preset,
              "the run in {} was started with the preset {}, not {}", config_file.parent_path().string(),
              config.preset, options.preset);
  if (!options.config_file.empty())
    apply_json(config, read_json_file(options.config_file), options.config_file);
  apply_json(config, options.given, "the command line");

  const nlohmann::ordered_json after = to_json(config);
  for (const std::string& name : fixed_choices())
    GPT_REQUIRE(!before.contains(name) || before[name] == after[name],
                "the run in {} has {} = {}; a resumed run cannot change it to {}",
                config_file.parent_path().string(), name, before[name].dump(), after[name].dump());
  config.validate();
  return config;
}

}  // namespace gpt
