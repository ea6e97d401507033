#include "03_optimizers/schedule.hpp"

#include <gtest/gtest.h>

namespace gpt {
namespace {

TEST(Schedule, ConstantIsConstant) {
  EXPECT_EQ(constant_schedule(0.1)(0), 0.1);
  EXPECT_EQ(constant_schedule(0.1)(1'000'000), 0.1);
}

TEST(Schedule, StepDecayFallsAtEveryStair) {
  const Schedule rate = step_schedule(0.8, 0.5, 10);
  EXPECT_DOUBLE_EQ(rate(0), 0.8);
  EXPECT_DOUBLE_EQ(rate(9), 0.8);
  EXPECT_DOUBLE_EQ(rate(10), 0.4);
  EXPECT_DOUBLE_EQ(rate(19), 0.4);
  EXPECT_DOUBLE_EQ(rate(30), 0.1);
}

TEST(Schedule, WarmUpRisesInAStraightLineAndNeverStartsAtZero) {
  for (const Schedule& rate : {cosine_schedule(1.0, 0.1, 9, 100), linear_schedule(1.0, 0.1, 9, 100)}) {
    EXPECT_DOUBLE_EQ(rate(0), 0.1);
    EXPECT_DOUBLE_EQ(rate(4), 0.5);
    EXPECT_DOUBLE_EQ(rate(8), 0.9);
    EXPECT_DOUBLE_EQ(rate(9), 1.0);
  }
}

TEST(Schedule, CosineFallsFromPeakToFloorAndStaysThere) {
  const Schedule rate = cosine_schedule(6e-4, 6e-5, 100, 1100);
  EXPECT_DOUBLE_EQ(rate(100), 6e-4);
  EXPECT_DOUBLE_EQ(rate(600), (6e-4 + 6e-5) / 2);
  EXPECT_NEAR(rate(350), 6e-5 + (6e-4 - 6e-5) * (0.5 + 0.5 * std::sqrt(0.5)), 1e-15);
  EXPECT_NEAR(rate(1099), 6e-5, 1e-8);
  EXPECT_DOUBLE_EQ(rate(1100), 6e-5);
  EXPECT_DOUBLE_EQ(rate(5000), 6e-5);
  for (int64_t step = 101; step <= 1100; ++step) ASSERT_LT(rate(step), rate(step - 1)) << step;
}

TEST(Schedule, LinearFallsEvenly) {
  const Schedule rate = linear_schedule(1.0, 0.0, 0, 4);
  for (int64_t step = 0; step <= 4; ++step)
    EXPECT_DOUBLE_EQ(rate(step), 1.0 - 0.25 * static_cast<double>(step));
}

TEST(Schedule, WorksWithoutWarmUpAndWithNothingElse) {
  EXPECT_DOUBLE_EQ(cosine_schedule(1.0, 0.1, 0, 10)(0), 1.0);
  const Schedule only_warmup = cosine_schedule(1.0, 0.1, 10, 10);
  EXPECT_LT(only_warmup(9), 1.0);
  EXPECT_DOUBLE_EQ(only_warmup(10), 0.1);
}

TEST(Schedule, RefusesAnEndBeforeTheWarmUpsEnd) {
  EXPECT_THROW(cosine_schedule(1.0, 0.1, 10, 9), Error);
  EXPECT_THROW(step_schedule(1.0, 0.5, 0), Error);
}

}  // namespace
}  // namespace gpt
