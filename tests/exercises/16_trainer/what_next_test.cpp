#include "exercises/16_trainer/what_next.hpp"

#include <gtest/gtest.h>

namespace gpt {
namespace {

constexpr int killed = 137, hung = 3;

TEST(WhatNext, AfterTheLastStepRests) {
  EXPECT_EQ(what_next({{0, 100}}, 100, 3), Next::rest);
  EXPECT_EQ(what_next({{killed, 40}, {0, 100}}, 100, 3), Next::rest);
}

TEST(WhatNext, AJobThatWasAskedToStopIsNotDone) {
  EXPECT_EQ(what_next({{0, 40}}, 100, 3), Next::start_again)
      << "exit code 0 and step 40 of 100: it was asked to stop, so that more ranks can take part";
}

TEST(WhatNext, AMistakeIsNotRepeated) {
  EXPECT_EQ(what_next({{2, 0}}, 100, 3), Next::give_up) << "exit code 2: a misspelt option is as wrong again";
  EXPECT_EQ(what_next({{killed, 40}, {1, 60}}, 100, 3), Next::give_up)
      << "exit code 1: a loss that is no number comes again in the same step";
}

TEST(WhatNext, ABrokenJobIsStartedAgain) {
  EXPECT_EQ(what_next({{killed, 40}}, 100, 3), Next::start_again);
  EXPECT_EQ(what_next({{hung, 0}}, 100, 3), Next::start_again);
}

TEST(WhatNext, GivesUpWithoutProgress) {
  EXPECT_EQ(what_next({{killed, 0}, {killed, 0}}, 100, 3), Next::start_again);
  EXPECT_EQ(what_next({{killed, 0}, {hung, 0}, {killed, 0}}, 100, 3), Next::give_up)
      << "three times broken off, and no step further";
  EXPECT_EQ(what_next({{killed, 40}, {killed, 40}, {killed, 40}, {killed, 40}}, 100, 3), Next::give_up)
      << "the first of the four had a new checkpoint, the other three had not";
}

TEST(WhatNext, ProgressStartsTheCountAnew) {
  EXPECT_EQ(what_next({{killed, 10}, {killed, 20}, {killed, 30}, {killed, 40}}, 100, 3), Next::start_again)
      << "four failures, and each had a new checkpoint: a long run may lose many ranks";
  EXPECT_EQ(what_next({{killed, 0}, {killed, 0}, {killed, 20}, {killed, 20}, {killed, 20}}, 100, 3),
            Next::start_again)
      << "two without a new checkpoint, then one with, then two without: never three in a row";
  EXPECT_EQ(what_next({{killed, 20}, {killed, 20}, {0, 20}, {killed, 20}, {killed, 20}}, 100, 3),
            Next::start_again)
      << "a job that ended as it was asked to is no failure";
}

TEST(WhatNext, ACheckpointIsNewOnce) {
  EXPECT_EQ(what_next({{killed, 40}, {killed, 0}, {killed, 40}, {killed, 40}}, 100, 3), Next::give_up)
      << "step 40 was reached before: a checkpoint that was lost and written again is no progress";
}

TEST(NextRanks, ShareTheBatch) {
  EXPECT_EQ(next_ranks(3, 12, 0), 3) << "uneven shares are weighted: three can do the work of four";
  EXPECT_EQ(next_ranks(8, 6, 0), 6) << "a rank without a sequence has nothing to do";
}

TEST(NextRanks, FitTheTree) {
  EXPECT_EQ(next_ranks(3, 12, 8), 2) << "three ranks do not fit into a binary tree";
  EXPECT_EQ(next_ranks(4, 12, 8), 4);
  EXPECT_EQ(next_ranks(16, 64, 8), 8) << "no more ranks than leaves";
  EXPECT_EQ(next_ranks(7, 3, 8), 2) << "three sequences for 7 ranks: 3 of them, and of those 2";
}

}  // namespace
}  // namespace gpt
