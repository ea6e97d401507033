#include "exercises/04_text/tiny_bpe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "04_text/bpe_training.hpp"

namespace gpt {
namespace {

std::vector<int32_t> bytes(const std::string& text) {
  return {text.begin(), text.end()};
}

TEST(CountPairs, CountsNeighbours) {
  const auto counts = count_pairs(bytes("abab"));
  EXPECT_EQ(counts.at({'a', 'b'}), 2);
  EXPECT_EQ(counts.at({'b', 'a'}), 1);
  EXPECT_EQ(count_pairs(bytes("aaa")).at({'a', 'a'}), 2)
      << "aaa has the pair aa twice: neighbours may overlap";
  EXPECT_TRUE(count_pairs({}).empty())
      << "no tokens, no pairs; and size() - 1 of nothing is a very large number";
  EXPECT_TRUE(count_pairs({7}).empty());
}

TEST(MergePair, GoesFromLeftToRight) {
  EXPECT_THAT(merge_pair(bytes("xaby"), 'a', 'b', 256), testing::ElementsAre('x', 256, 'y'));
  EXPECT_THAT(merge_pair(bytes("aaa"), 'a', 'a', 256), testing::ElementsAre(256, 'a'))
      << "aaa becomes Xa: the second a is used up by the first merge";
  EXPECT_THAT(merge_pair(bytes("abab"), 'a', 'b', 256), testing::ElementsAre(256, 256));
  EXPECT_THAT(merge_pair(bytes("ba"), 'a', 'b', 256), testing::ElementsAre('b', 'a'));
  EXPECT_THAT(merge_pair(bytes("aba"), 'a', 'b', 256), testing::ElementsAre(256, 'a'))
      << "the last token was lost";
}

TEST(TrainTinyBpe, OfAWorkedExample) {
  // b a n a n a: (a, n) and (n, a) stand there four times in both words; a comes first. Then b X X a: each
  // pair twice.
  EXPECT_THAT(
      train_tiny_bpe(bytes("banana banana"), 3),
      testing::ElementsAre(std::pair('a' + 0, 'n' + 0), std::pair('b' + 0, 256), std::pair(256, 'a' + 0)))
      << "which of two equally frequent pairs comes first?";
}

TEST(TrainTinyBpe, EndsWhenNoPairOccursTwice) {
  EXPECT_TRUE(train_tiny_bpe(bytes("abcdef"), 10).empty());
  EXPECT_EQ(train_tiny_bpe(bytes("abab"), 10).size(), 1u)
      << "after one merge abab is XX: no pair occurs twice";
}

TEST(TrainTinyBpe, LearnsWhatTheChaptersTrainerLearns) {
  const std::string word = "thethethenthethatthisthesethosethenthe";  // one piece under the splitting rule
  const auto expected = train_bpe(word, 256 + 8 + 1).merges();
  const auto learned = train_tiny_bpe(bytes(word), 8);
  ASSERT_EQ(learned.size(), expected.size());
  for (size_t i = 0; i < learned.size(); ++i)
    EXPECT_EQ(learned[i], std::pair(expected[i].left, expected[i].right)) << "merge " << i;
}

}  // namespace
}  // namespace gpt
