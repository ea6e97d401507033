#include "exercises/04_text/weighted_share.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "common/check.hpp"

namespace gpt {
namespace {

TEST(WeightedShares, AreInProportion) {
  EXPECT_THAT(weighted_shares(12, {1, 1, 1}), testing::ElementsAre(0, 4, 8, 12));
  EXPECT_THAT(weighted_shares(12, {1, 1, 1, 1, 1, 1}), testing::ElementsAre(0, 2, 4, 6, 8, 10, 12))
      << "six sixths, each rounded before they are added, are less than 1: a row is lost";
  EXPECT_THAT(weighted_shares(12, {2, 1, 1}), testing::ElementsAre(0, 6, 9, 12));
}

TEST(WeightedShares, GiveAwayEveryRowOnce) {
  for (const int64_t rows : {0, 1, 7, 100, 1000003}) {
    const std::vector<int64_t> from = weighted_shares(rows, {1, 0.3, 2.2, 1, 0.1});
    ASSERT_EQ(from.size(), 6u) << "one border more than workers";
    EXPECT_EQ(from.front(), 0);
    EXPECT_EQ(from.back(), rows) << "rows are lost, or come twice: are sizes rounded, instead of borders?";
    EXPECT_TRUE(std::is_sorted(from.begin(), from.end()));
  }
}

TEST(WeightedShares, GiveNothingToAWorkerThatStands) {
  EXPECT_THAT(weighted_shares(10, {1, 0, 1}), testing::ElementsAre(0, 5, 5, 10));
  EXPECT_THROW(weighted_shares(10, {0, 0}), Error);
  EXPECT_THROW(weighted_shares(10, {1, -1, 3}), Error) << "a negative speed";
  EXPECT_THROW(weighted_shares(10, {1, NAN, 1}), Error)
      << "not a number is neither negative nor not negative: ask for what must be true, s >= 0";
}

TEST(StepSeconds, IsTheSlowestWorkers) {
  const std::vector<double> speeds{4, 1, 1};
  EXPECT_DOUBLE_EQ(step_seconds({0, 4, 8, 12}, speeds), 4.0)
      << "all wait for the slowest, they do not take turns";
  EXPECT_DOUBLE_EQ(step_seconds(weighted_shares(12, speeds), speeds), 2.0)
      << "twice as fast, with shares by speed";
  EXPECT_DOUBLE_EQ(step_seconds({0, 5, 5}, {1, 0}), 5.0) << "who has nothing to do is done, at any speed";
}

}  // namespace
}  // namespace gpt
