// The choices of a run: where each comes from, and what is refused.
#include <nlohmann/json.hpp>

#include "16_trainer/config.hpp"

#include <gmock/gmock.h>

#include "16_trainer/options.hpp"
#include "16_trainer/presets.hpp"
#include "scratch.hpp"

namespace gpt {
namespace {

using testing::HasSubstr;

TrainOptions parse(const std::vector<const char*>& words) {
  TrainOptions options;
  ArgumentParser parser;
  add_train_options(parser, options);
  std::vector<const char*> arguments{"train"};
  arguments.insert(arguments.end(), words.begin(), words.end());
  EXPECT_TRUE(parser.parse(static_cast<int>(arguments.size()), arguments.data()));
  return options;
}

TEST(Config, GoesToJsonAndBackUnchanged) {
  for (const auto& [name, meaning] : preset_names()) {
    const TrainConfig config = preset(name);
    TrainConfig read;
    apply_json(read, nlohmann::ordered_json::parse(to_json(config).dump()), "the test");
    EXPECT_EQ(read, config) << name;
  }
}

TEST(Config, EveryPresetIsPossible) {
  for (const auto& [name, meaning] : preset_names()) {
    SCOPED_TRACE(name);
    preset(name).validate();
  }
}

TEST(Config, CommandLineWinsOverFileAndFileOverPreset) {
  const auto file = scratch_folder() / "config.json";
  write_quickly(file, R"({"preset": "small", "layers": 7, "lr": 0.002})");
  const std::string path = file.string();
  const TrainConfig config = new_config(parse({"--config", path.c_str(), "--lr", "0.003"}));
  EXPECT_EQ(config.heads, preset("small").heads);  // the preset that the file names
  EXPECT_EQ(config.layers, 7);
  EXPECT_EQ(config.lr, 0.003);
  EXPECT_EQ(new_config(parse({"--config", path.c_str(), "--preset", "book"})).heads, preset("book").heads);
  EXPECT_EQ(new_config(parse({})), preset("book"));
}

TEST(Config, EveryChoiceIsAnOption) {
  TrainConfig config;
  for_each_choice(config, [](std::string name, auto& member, const char*) {
    std::replace(name.begin(), name.end(), '_', '-');
    using T = std::decay_t<decltype(member)>;
    const std::string option = "--" + name, value = std::is_same_v<T, std::string> ? "word" : "3";
    std::vector<const char*> words{option.c_str()};
    if constexpr (!std::is_same_v<T, bool>) words.push_back(value.c_str());  // a flag takes none
    const TrainOptions options = parse(words);
    EXPECT_EQ(options.given.size(), 1u) << option;
  });
}

TEST(Config, UnknownEntriesNameTheNearest) {
  TrainConfig config;
  const auto apply = [&](const char* text) {
    return complaint([&] { apply_json(config, nlohmann::ordered_json::parse(text), "x.json"); });
  };
  EXPECT_THAT(apply(R"({"wdith": 3})"), HasSubstr("'width'"));
  EXPECT_THAT(apply(R"({"width": "three"})"), HasSubstr("width"));
  EXPECT_THAT(apply(R"({"width": 3.5})"), HasSubstr("width"));
  EXPECT_THAT(apply(R"({"seed": -1})"), HasSubstr("seed"));
  EXPECT_THAT(apply(R"({"preset": 7})"), HasSubstr("preset"));
  EXPECT_THAT(apply(R"([1, 2])"), HasSubstr("x.json"));
  EXPECT_THAT(complaint([] { preset("shakespear-char"); }), HasSubstr("shakespeare-char"));
}

TEST(Config, ContradictionsAreOneSentence) {
  for (const std::vector<const char*>& words :
       std::vector<std::vector<const char*>>{{"--width", "10", "--heads", "3"},
                                             {"--batch", "0"},
                                             {"--batch", "4", "--micro-batch", "5"},
                                             {"--steps", "0"},
                                             {"--lr", "1e-4", "--min-lr", "1e-3"},
                                             {"--lr", "-1"},
                                             {"--lr", "nan"},
                                             {"--dropout", "1"},
                                             {"--beta1", "1"},
                                             {"--validation", "1"},
                                             {"--epsilon", "0"},
                                             {"--schedule", "cosin"},
                                             {"--precision", "f16"},
                                             {"--eval-every", "0"},
                                             {"--keep", "0"},
                                             {"--threads", "-1"},
                                             {"--bucket-mb", "0"},
                                             {"--context", "0"},
                                             {"--async"},
                                             {"--servers", "1", "--async", "--stale", "2"},
                                             {"--servers", "1", "--zero", "1"},
                                             {"--servers", "1", "--comm", "ring"},
                                             {"--servers", "1", "--local-sgd", "4"},
                                             {"--local-sgd", "-1"},
                                             {"--local-sgd", "4", "--reproducible"},
                                             {"--local-sgd", "4", "--zero", "1"},
                                             {"--local-sgd", "4", "--compress", "int8"},
                                             {"--local-sgd", "4", "--bucket-mb", "1"},
                                             {"--local-sgd", "4", "--comm", "nccl"}})
    complaint([&] { new_config(parse(words)); });
}

TEST(Config, AResumedRunKeepsWhatItIs) {
  const auto file = scratch_folder() / "config.json";
  const TrainConfig before = preset("small");
  write_quickly(file, to_json(before).dump());
  EXPECT_EQ(resumed_config(parse({"--resume"}), file), before);
  EXPECT_EQ(resumed_config(parse({"--resume", "--preset", "small", "--width", "384"}), file), before);
  EXPECT_EQ(resumed_config(parse({"--resume", "--steps", "9000"}), file).steps, 9000);
  EXPECT_THAT(complaint([&] {
                resumed_config(parse({"--resume", "--width", "390"}), file);
              }),
              HasSubstr("width"));
  EXPECT_THAT(complaint([&] {
                resumed_config(parse({"--resume", "--preset", "book"}), file);
              }),
              HasSubstr("preset"));
  write_quickly(file, "{");
  complaint([&] { resumed_config(parse({"--resume"}), file); });
}

}  // namespace
}  // namespace gpt
