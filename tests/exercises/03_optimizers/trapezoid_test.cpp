#include "exercises/03_optimizers/trapezoid.hpp"

#include <gtest/gtest.h>

namespace gpt {
namespace {

TEST(TrapezoidSchedule, WarmsUp) {
  const Schedule rate = trapezoid_schedule(1.0, 4, 100);
  EXPECT_NEAR(rate(0), 0.2, 1e-12) << "a first step at the rate 0 would be lost";
  EXPECT_NEAR(rate(3), 0.8, 1e-12);
  EXPECT_NEAR(rate(4), 1.0, 1e-12) << "the peak comes at step `warmup`, not later";
}

TEST(TrapezoidSchedule, StaysAndFallsInTheLastFifth) {
  const Schedule rate = trapezoid_schedule(2.0, 4, 100);
  EXPECT_EQ(rate(50), 2.0);
  EXPECT_NEAR(rate(79), 2.0, 1e-12) << "80 of 100 steps come before the fall";
  EXPECT_NEAR(rate(80), 2.0, 1e-12);
  EXPECT_NEAR(rate(90), 1.0, 1e-12) << "half-way down in the middle of the last fifth";
  EXPECT_NEAR(rate(99), 0.1, 1e-12) << "the last step still moves: the line meets 0 at step 100";
  const Schedule short_one = trapezoid_schedule(2.0, 0, 9);
  EXPECT_NEAR(short_one(8), 2.0, 1e-12) << "of 9 steps 9 - 9 / 5 = 8 come before the fall, in whole numbers";
}

TEST(TrapezoidSchedule, IsZeroAfterTheEnd) {
  const Schedule rate = trapezoid_schedule(2.0, 4, 100);
  EXPECT_EQ(rate(100), 0.0);
  EXPECT_EQ(rate(1000), 0.0) << "below 0 the training would climb: what holds after the end?";
}

TEST(TrapezoidSchedule, NeedsNoMemoryOfEarlierSteps) {
  const Schedule rate = trapezoid_schedule(1.0, 4, 100);
  const double first = rate(60);
  rate(99);
  rate(2);
  EXPECT_EQ(rate(60), first)
      << "the rate of a step depends on what was asked before: who resumes at step 60 gets another one";
}

}  // namespace
}  // namespace gpt
