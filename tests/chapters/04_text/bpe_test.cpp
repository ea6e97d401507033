#include "04_text/bpe_tokenizer.hpp"

#include <map>
#include <numeric>

#include "04_text/bpe_training.hpp"
#include "04_text/gpt2_split.hpp"
#include "helpers.hpp"

namespace gpt {
namespace {

using test::expect_contains;
using test::merge_naively;
using test::random_bytes;
using test::random_text;
using test::user_error;

std::vector<std::string> pieces_of(std::string_view text) {
  std::vector<std::string> pieces;
  for_each_piece(gpt2_splitting_rule(), text, [&](std::string_view piece) { pieces.emplace_back(piece); });
  return pieces;
}

/// The training as the paper says it: count all pairs of the whole text again before each merge.
std::vector<BpeTrainingStep> train_naively(std::string_view text, int32_t vocabulary_size) {
  std::vector<std::vector<int32_t>> words;
  for (const std::string& piece : pieces_of(text)) {
    auto& word = words.emplace_back();
    for (char c : piece) word.push_back(static_cast<uint8_t>(c));
  }
  std::vector<BpeTrainingStep> steps;
  for (int32_t token = 256; token + 1 < vocabulary_size; ++token) {
    std::map<std::pair<int32_t, int32_t>, int64_t> counts;
    for (const auto& word : words)
      for (size_t i = 0; i + 1 < word.size(); ++i) ++counts[{word[i], word[i + 1]}];
    BpeTrainingStep best;
    for (const auto& [pair, count] :
         counts)  // in the order of the pairs: the first of equals is the smallest
      if (count > best.count) best = {{pair.first, pair.second, token}, count};
    if (best.count < 2) break;
    for (auto& word : words) word = merge_naively(word, {best.merge});
    steps.push_back(best);
  }
  return steps;
}

void expect_training_like_the_oracle(const std::string& text, int32_t vocabulary_size) {
  const auto expected = train_naively(text, vocabulary_size);
  size_t step = 0;
  train_bpe(text, vocabulary_size, [&](const BpeTrainingStep& got) {
    ASSERT_LT(step, expected.size());
    EXPECT_EQ(got.merge, expected[step].merge) << "step " << step;
    EXPECT_EQ(got.count, expected[step].count) << "step " << step;
    ++step;
  });
  EXPECT_EQ(step, expected.size());
}

TEST(BpeTraining, AgreesWithTheNaiveOracleOnRandomText) {
  std::mt19937 random(6);
  for (int i = 0; i < 30; ++i) expect_training_like_the_oracle(random_text(random, 20 + random() % 400), 300);
}

TEST(BpeTraining, AgreesWithTheNaiveOracleWherePairsOverlapAndTie) {
  std::mt19937 random(7);
  for (int i = 0; i < 60; ++i) {  // two or three letters: full of runs like "aaaa", and of equal counts
    std::string text;
    for (size_t n = random() % 300; n > 0; --n) text += "ab c"[random() % (2 + static_cast<size_t>(i) % 3)];
    expect_training_like_the_oracle(text, 290);
  }
}

TEST(BpeTraining, AgreesWithTheNaiveOracleOnArbitraryBytes) {
  std::mt19937 random(8);
  std::string bytes = random_bytes(random, 500);
  expect_training_like_the_oracle(bytes + bytes, 300);
}

TEST(BpeTraining, StopsWhereNothingOccursTwice) {
  const BpeTokenizer tokenizer = train_bpe("abcdefg", 1000);
  EXPECT_EQ(tokenizer.vocabulary_size(), 257);
  EXPECT_EQ(tokenizer.end_of_text(), 256);
  EXPECT_EQ(train_bpe("", 1000).vocabulary_size(), 257);
  expect_contains(user_error([] { train_bpe("abc", 256); }), "at least 257");
}

TEST(BpeTokenizer, AnyBytesSurvive) {
  std::mt19937 random(9);
  const BpeTokenizer tokenizer = train_bpe(random_text(random, 5000), 600);
  for (size_t n = 0; n < 400; ++n) {
    const std::string bytes = random_bytes(random, n), text = random_text(random, n);
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(bytes)), bytes);
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), text);
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text + bytes + text)), text + bytes + text);
  }
}

TEST(BpeTokenizer, EncodesLikeTheNaiveOracle) {
  std::mt19937 random(10);
  const BpeTokenizer tokenizer = train_bpe(random_text(random, 20000), 800);
  for (size_t n = 0; n < 300; ++n) {
    const std::string text = n % 3 == 0 ? random_bytes(random, n) : random_text(random, n);
    std::vector<int32_t> expected;
    for (const std::string& piece : pieces_of(text)) {
      std::vector<int32_t> bytes;
      for (char c : piece) bytes.push_back(static_cast<uint8_t>(c));
      const auto merged = merge_naively(bytes, tokenizer.merges());
      expected.insert(expected.end(), merged.begin(), merged.end());
    }
    ASSERT_EQ(tokenizer.encode(text), expected) << text;
  }
}

TEST(BpeTokenizer, EncodesLikeTheNaiveOracleWherePairsOverlap) {
  std::mt19937 random(11);
  for (int i = 0; i < 50; ++i) {
    std::string text;
    for (size_t n = 0; n < 200; ++n) text += "ab"[random() % 2];
    const BpeTokenizer tokenizer = train_bpe(text.substr(0, 100), 300);
    std::vector<int32_t> bytes(text.begin(), text.end());
    EXPECT_EQ(tokenizer.encode(text), merge_naively(bytes, tokenizer.merges()));
  }
}

TEST(BpeTokenizer, OneEndlessWordIsNoTrap) {
  const std::string word(1 << 20, 'a');  // quadratic work would take minutes here
  const BpeTokenizer tokenizer = train_bpe(std::string(1000, 'a'), 270);
  EXPECT_EQ(tokenizer.decode(tokenizer.encode(word)), word);
  const std::string spaces(1 << 20, ' ');
  EXPECT_EQ(tokenizer.decode(tokenizer.encode(spaces + "x")), spaces + "x");
}

TEST(BpeTokenizer, TextIsNeverEncodedToTheEndOfTextToken) {
  const BpeTokenizer tokenizer = train_bpe("<|endoftext|><|endoftext|>", 300);
  const int32_t end = tokenizer.end_of_text().value();
  for (int32_t token : tokenizer.encode("a<|endoftext|>b")) EXPECT_NE(token, end);
  EXPECT_EQ(tokenizer.decode(std::vector<int32_t>{end}), "<|endoftext|>");
}

TEST(BpeTokenizer, MergesThatMakeNoSenseAreRefused) {
  std::array<int32_t, 256> bytes{};
  std::iota(bytes.begin(), bytes.end(), 0);
  const auto error = [&](const std::vector<BpeMerge>& merges) {
    return user_error([&] { BpeTokenizer(bytes, merges, {}); });
  };
  expect_contains(error({{97, 257, 256}, {97, 98, 257}}), "comes before the merge that makes 257");
  expect_contains(error({{97, 98, 256}, {97, 98, 257}}), "merged twice");
  expect_contains(error({{97, 98, 300}}), "does not fit");
  expect_contains(error({{97, 98, 97}}), "two meanings");
  expect_contains(error({{-1, 98, 256}}), "comes before");
  bytes[1] = 0;
  expect_contains(error({}), "two meanings");
}

}  // namespace
}  // namespace gpt
