#include <cstdlib>

#include "04_text/bpe_training.hpp"
#include "04_text/char_tokenizer.hpp"
#include "04_text/split.hpp"
#include "04_text/text_source.hpp"
#include "helpers.hpp"

namespace gpt {
namespace {

/// Karpathy's "tiny Shakespeare", 1 MB, is not part of the book: GPT_DATA may name the folder that has it.
std::filesystem::path shakespeare() {
  const char* folder = std::getenv("GPT_DATA");
  return std::filesystem::path(folder ? folder : GPT_TEST_FOLDER "/../../../../shared/data") /
         "tinyshakespeare.txt";
}

#define SKIP_WITHOUT_SHAKESPEARE()             \
  if (!std::filesystem::exists(shakespeare())) \
  GTEST_SKIP() << "no tinyshakespeare.txt: set GPT_DATA to its folder"

TEST(Shakespeare, CharactersAndSplitHaveNanoGptsNumbers) {
  SKIP_WITHOUT_SHAKESPEARE();
  const std::string text = read_text(shakespeare()).text;
  const CharTokenizer tokenizer(text);
  EXPECT_EQ(tokenizer.vocabulary_size(), 65);
  const TextSplit split = split_text(text, 0.1);
  EXPECT_EQ(tokenizer.encode(split.training).size(), 1003854u);
  EXPECT_EQ(tokenizer.encode(split.validation).size(), 111540u);
}

TEST(Shakespeare, BpeLosesNothingAndCompresses) {
  SKIP_WITHOUT_SHAKESPEARE();
  const std::string text = read_text(shakespeare()).text;
  const TextSplit split = split_text(text, 0.1);
  const BpeTokenizer tokenizer = train_bpe(split.training, 1024);
  EXPECT_EQ(tokenizer.vocabulary_size(), 1024);
  const auto tokens = tokenizer.encode(split.validation);
  EXPECT_EQ(tokenizer.decode(tokens), split.validation);
  EXPECT_LT(tokens.size() * 2,
            split.validation.size());  // two bytes a token at least, on text it has not seen
}

}  // namespace
}  // namespace gpt
