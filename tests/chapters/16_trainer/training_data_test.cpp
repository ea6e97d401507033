// From text to tokens: the same every time, and nothing unusable gets through.
#include "16_trainer/training_data.hpp"

#include <gmock/gmock.h>

#include "16_trainer/corpus.hpp"
#include "16_trainer/presets.hpp"
#include "common/file.hpp"
#include "scratch.hpp"

namespace gpt {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TrainConfig choices(const fs::path& data, const std::string& tokenizer = "byte") {
  TrainConfig config;
  config.data = data.string();
  config.tokenizer = tokenizer;
  config.context = 8;
  return config;
}

TEST(TrainingData, TheBookIsInTheProgram) {
  const std::string_view book = book_text();
  EXPECT_GT(book.size(), 100000u);
  EXPECT_NE(book.find("class Tensor"), std::string_view::npos);
  EXPECT_LT(book.find("01_tensors/tensor.hpp"), book.find("05_gpt/gpt.hpp"));  // chapter by chapter
  EXPECT_EQ(book.find('\0'), std::string_view::npos);
}

TEST(TrainingData, TokensComeBackAsTheText) {
  const fs::path folder = scratch_folder();
  std::string text;
  for (int i = 0; i < 50; ++i) text += "the quick brown fox " + std::to_string(i) + "\n";
  write_quickly(folder / "text.txt", text);
  for (const std::string tokenizer : {"byte", "char", "bpe:300"}) {
    const RunFolder run{folder / ("run_" + tokenizer.substr(0, 3))};
    DataSource(choices(folder / "text.txt", tokenizer)).write(run);
    const TrainingData data = open_training_data(run);
    std::vector<int32_t> tokens(static_cast<size_t>(data.training.size() + data.validation.size()));
    data.training.copy(0, data.training.size(), tokens.data());
    data.validation.copy(0, data.validation.size(), tokens.data() + data.training.size());
    EXPECT_EQ(data.tokenizer->decode(tokens), text) << tokenizer;
    EXPECT_EQ(open_training_data(run).fingerprint, data.fingerprint);
  }
}

TEST(TrainingData, AnotherTextHasAnotherFingerprint) {
  const fs::path folder = scratch_folder();
  std::string text(200, 'x');
  const auto fingerprint = [&](const std::string& t) {
    write_quickly(folder / "text.txt", t);
    const RunFolder run{folder / "run"};
    DataSource(choices(folder / "text.txt")).write(run);
    return open_training_data(run).fingerprint;
  };
  const std::string before = fingerprint(text);
  text[3] = 'y';
  EXPECT_NE(fingerprint(text), before);
}

TEST(TrainingData, UnusableDataIsOneSentence) {
  const fs::path folder = scratch_folder();
  const auto refused = [&](const std::string& contents, const std::string& name = "text.txt") {
    write_quickly(folder / name, contents);
    return complaint([&] { DataSource source(choices(folder / name)); });
  };
  EXPECT_THAT(refused(""), HasSubstr("empty"));
  EXPECT_THAT(refused(std::string(100, '\0')), HasSubstr("NUL"));
  EXPECT_THAT(refused(std::string(100, '\xFF')), HasSubstr("UTF-8"));
  EXPECT_THAT(refused("short"), HasSubstr("--context"));
  EXPECT_THAT(refused("nothing of the kind, but long enough to be a header of sixty-four bytes", "a.tok"),
              HasSubstr("token file"));
  EXPECT_THAT(complaint([&] { DataSource source(choices(folder / "missing.txt")); }),
              HasSubstr("missing.txt"));
  write_quickly(folder / "text.txt", std::string(200, 'x'));
  for (const char* tokenizer : {"bpe:12", "bpe:many", "bpe:", "word", ""})
    complaint([&] { DataSource source(choices(folder / "text.txt", tokenizer)); });
}

TEST(TrainingData, DamagedTokensAreRefused) {
  const fs::path folder = scratch_folder();
  write_quickly(folder / "text.txt", std::string(400, 'x'));
  const RunFolder run{folder / "run"};
  DataSource(choices(folder / "text.txt")).write(run);
  const std::string whole = read_file(run.training_tokens());
  for (size_t at = 0; at < whole.size(); at += 11) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x20);
    write_quickly(run.training_tokens(), flipped);
    EXPECT_THROW(open_training_data(run), UserError) << "flipped at " << at;
    write_quickly(run.training_tokens(), whole.substr(0, at));
    EXPECT_THROW(open_training_data(run), UserError) << "cut at " << at;
  }
}

}  // namespace
}  // namespace gpt
