#include "exercises/13_compression/top_k.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace gpt {
namespace {

using testing::ElementsAre;

TEST(TopK, ChoosesByAbsoluteValue) {
  EXPECT_THAT(top_k(std::vector<float>{1, -5, 3, 0.5f}, 2), ElementsAre(1, 2))
      << "-5 is the largest in absolute value";
}

TEST(TopK, ChoosesTheFirstOfEquallyLargeOnes) {
  EXPECT_THAT(top_k(std::vector<float>{2, -2, 2, 2, 1}, 2), ElementsAre(0, 1));
  std::vector<float> many(1000, 7.0f);
  const std::vector<int32_t> places = top_k(many, 10);
  EXPECT_THAT(places, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9))
      << "which of 1000 equal numbers must not depend on the algorithm";
}

TEST(TopK, OfNoneAndOfAll) {
  EXPECT_TRUE(top_k(std::vector<float>{1, 2}, 0).empty());
  EXPECT_THAT(top_k(std::vector<float>{1, 2, 3}, 3), ElementsAre(0, 1, 2)) << "in ascending order";
}

TEST(TopK, DoesNotHideWhatIsNotANumber) {
  EXPECT_THAT(top_k(std::vector<float>{1, std::nanf(""), 3, 2}, 1), ElementsAre(1))
      << "a NaN that is never sent stays in one rank's residual, and nobody hears of it";
  EXPECT_THAT(top_k(std::vector<float>{INFINITY, std::nanf(""), -INFINITY}, 1), ElementsAre(1))
      << "NaN counts as larger than anything, and infinity is something";
}

TEST(SplitTopK, IsExact) {
  const std::vector<float> values{0.1f, -5.25f, 3e-8f, 2};
  std::vector<float> sent(4), kept(4);
  split_top_k(values, {1, 3}, sent, kept);
  EXPECT_THAT(sent, ElementsAre(0, -5.25f, 0, 2));
  EXPECT_THAT(kept, ElementsAre(0.1f, 0, 3e-8f, 0))
      << "what was sent is not kept as well: it would be sent twice";
}

TEST(SplitTopK, OverwritesWhatWasThere) {
  const std::vector<float> values{std::nanf(""), 2, -INFINITY};
  std::vector<float> sent(3, 9.0f), kept(3, 9.0f);
  split_top_k(values, {0, 2}, sent, kept);
  EXPECT_EQ(sent[1], 0.0f) << "what is not sent is 0 in `sent`, whatever was there before";
  EXPECT_THAT(kept, ElementsAre(0, 2, 0))
      << "NaN - NaN and infinity - infinity are no numbers: nothing stays of what was sent, so write 0";
}

}  // namespace
}  // namespace gpt
