#include "exercises/14_parameter_server/who_may_begin.hpp"

#include <gtest/gtest.h>

namespace gpt {
namespace {

TEST(MayBegin, ABoundOfZeroKeepsAllInOneStep) {
  EXPECT_TRUE(may_begin({4, 4, 4}, {true, true, true}, 1, 0))
      << "all are in the same step: who should begin, if not they?";
  EXPECT_FALSE(may_begin({4, 5, 4}, {true, true, true}, 1, 0)) << "worker 1 is ahead already";
}

TEST(MayBegin, ABoundIsHowFarAheadOneMayBe) {
  for (int64_t ahead = 0; ahead < 6; ++ahead)
    EXPECT_EQ(may_begin({10 + ahead, 10}, {true, true}, 0, 3), ahead <= 3)
        << ahead << " steps ahead, with a bound of 3";
}

TEST(MayBegin, TheSlowestWaitsForNobody) {
  EXPECT_TRUE(may_begin({0, 9, 9}, {true, true, true}, 0, 1))
      << "the slowest must go on, or all wait forever";
}

TEST(MayBegin, EverybodyIsLookedAt) {
  EXPECT_FALSE(may_begin({5, 5, 1}, {true, true, true}, 0, 2)) << "the slowest is worker 2, not the next one";
}

TEST(MayBegin, TheDeadHoldNobody) {
  EXPECT_TRUE(may_begin({7, 2, 7}, {true, false, true}, 0, 1))
      << "worker 1 is dead: nobody waits for the dead";
}

}  // namespace
}  // namespace gpt
