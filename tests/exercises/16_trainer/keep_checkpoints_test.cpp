#include "exercises/16_trainer/keep_checkpoints.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace gpt {
namespace {

using testing::ElementsAre;

TEST(KeepCheckpoints, KeepsTheNewest) {
  EXPECT_THAT(checkpoints_to_remove({{30, {}}, {10, {}}, {20, {}}, {40, {}}}, 2), ElementsAre(10, 20))
      << "the newest by step, in whatever order they are listed";
}

TEST(KeepCheckpoints, KeepsTheBest) {
  EXPECT_THAT(checkpoints_to_remove({{10, 2.0}, {20, 1.5}, {30, 1.8}, {40, 1.9}}, 1), ElementsAre(10, 30))
      << "step 20 has the least loss: what the run was made for";
  EXPECT_THAT(checkpoints_to_remove({{10, 2.0}, {20, 1.5}}, 1), ElementsAre(10))
      << "the best may be the newest, too";
}

TEST(KeepCheckpoints, TakesNoNumberForNoLoss) {
  EXPECT_THAT(checkpoints_to_remove({{10, 1.5}, {20, std::nan("")}, {30, 1.8}}, 1), ElementsAre(20))
      << "a loss that is not a number is not the best, though nothing is less than it";
  EXPECT_THAT(checkpoints_to_remove({{10, {}}, {20, 5.0}, {30, {}}}, 1), ElementsAre(10))
      << "not measured is not 0";
}

TEST(KeepCheckpoints, OfFewRemovesNone) {
  EXPECT_TRUE(checkpoints_to_remove({{10, {}}}, 3).empty())
      << "size() - keep of fewer is a very large number";
  EXPECT_TRUE(checkpoints_to_remove({}, 1).empty());
}

TEST(KeepCheckpoints, OfEquallyGoodOnesTheNewest) {
  EXPECT_THAT(checkpoints_to_remove({{10, 1.0}, {20, 1.0}, {30, 2.0}}, 1), ElementsAre(10));
}

}  // namespace
}  // namespace gpt
