// Clocks that are set wrong on purpose: the comparison must find by how much.

#include "11_ddp/clock.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace gpt {
namespace {

TEST(Clocks, AnInjectedOffsetIsFoundWithinTheStatedError) {
  for (const int ranks : {1, 2, 3, 5})
    run_threads(ranks, [](Communicator& communicator) {
      const double shift = 1000.0 * communicator.rank() * (communicator.rank() % 2 ? 1 : -1);
      const ClockOffset found =
          compare_clocks(communicator, 20, [shift] { return steady_seconds() + shift; });
      EXPECT_GE(found.error, 0.0);
      EXPECT_LE(std::abs(found.offset + shift), found.error + 1e-9) << "rank " << communicator.rank();
    });
}

// Clocks that show what the test says, not what time it is.
TEST(Clocks, TheAnswerThatCameBackSoonestCounts) {
  run_threads(2, [](Communicator& communicator) {
    if (communicator.rank() == 0) {
      double time = 0;
      compare_clocks(communicator, 3, [&] { return time += 1; });  // answers 1, 2, 3
      return;
    }
    // Sent and received at 0 and 10, 20 and 22, 30 and 36: the second round is the shortest.
    const std::vector<double> readings{0, 10, 20, 22, 30, 36};
    size_t next = 0;
    const ClockOffset found = compare_clocks(communicator, 3, [&] { return readings.at(next++); });
    EXPECT_DOUBLE_EQ(found.at, 21);
    EXPECT_DOUBLE_EQ(found.offset, 2 - 21);
    EXPECT_DOUBLE_EQ(found.error, 1);
  });
}

TEST(Clocks, RankZeroIsRightByDefinition) {
  run_threads(2, [](Communicator& communicator) {
    const ClockOffset found = compare_clocks(communicator);
    if (communicator.rank() > 0) return;
    EXPECT_EQ(found.offset, 0);
    EXPECT_EQ(found.error, 0);
  });
}

TEST(Clocks, BetweenTwoComparisonsTheOffsetChangesEvenly) {
  // Rank 0's clock gains 2 s in the 100 s from 1000 to 1100 here.
  const ClockAlignment clock({.at = 1000, .offset = 5, .error = 0.25},
                             {.at = 1100, .offset = 7, .error = 0.5});
  EXPECT_DOUBLE_EQ(clock.on_rank_0(1000), 1005);
  EXPECT_DOUBLE_EQ(clock.on_rank_0(1050), 1056);
  EXPECT_DOUBLE_EQ(clock.on_rank_0(1100), 1107);
  EXPECT_DOUBLE_EQ(clock.on_rank_0(900), 905);
  EXPECT_DOUBLE_EQ(clock.on_rank_0(1200), 1207);
  EXPECT_DOUBLE_EQ(clock.error(), 0.5);
}

TEST(Clocks, TwoComparisonsAtOneMomentAreOne) {
  const ClockAlignment clock({.at = 10, .offset = 1, .error = 0.1}, {.at = 10, .offset = 1, .error = 0.1});
  EXPECT_DOUBLE_EQ(clock.on_rank_0(10), 11);
}

}  // namespace
}  // namespace gpt
