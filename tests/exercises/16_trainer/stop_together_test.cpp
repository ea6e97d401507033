#include "exercises/16_trainer/stop_together.hpp"

#include <gtest/gtest.h>

namespace gpt {
namespace {

TEST(StopTogether, WhenOneMust) {
  run_threads(4, [](Communicator& communicator) {
    EXPECT_FALSE(stop_together(communicator, false));
    EXPECT_TRUE(stop_together(communicator, communicator.rank() == 2))
        << "rank " << communicator.rank()
        << " goes on, but rank 2 stops: the next all-reduce would never end";
    EXPECT_TRUE(stop_together(communicator, true));
    EXPECT_FALSE(stop_together(communicator, false)) << "nobody wants to stop";
  });
}

TEST(StopTogether, CallsAreAlikeOnAllRanks) {
  run_threads(3, [](Communicator& communicator) {
    for (int step = 0; step < 10; ++step) stop_together(communicator, step % 3 == communicator.rank());
    EXPECT_EQ(communicator.all_reduce(1.0, ReduceOp::sum), 3.0)
        << "after it, an all-reduce of the program met one of stop_together(): all ranks must call the same, "
           "always";
  });
}

TEST(StepsLeft, OfTheSlowestAndTheShortest) {
  run_threads(3, [](Communicator& communicator) {
    const double seconds[] = {100, 60, 80}, steps[] = {1, 2, 4};
    const int r = communicator.rank();
    EXPECT_EQ(steps_left(communicator, seconds[r], steps[r]), 15)
        << "on rank " << r
        << ": 60 seconds, of 4 each. The least time and the slowest step may be of different ranks";
  });
}

TEST(StepsLeft, OfNoTime) {
  run_threads(2, [](Communicator& communicator) {
    EXPECT_EQ(steps_left(communicator, communicator.rank() == 0 ? -3.0 : 50.0, 1.0), 0)
        << "time that is over is no time";
  });
}

}  // namespace
}  // namespace gpt
