#include "14_parameter_server/stale_descent.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gpt {
namespace {

TEST(StaleDescent, ByHand) {
  EXPECT_THAT(stale_descent(1.0, 0, 3), testing::ElementsAre(1, 0, 0, 0));
  EXPECT_THAT(stale_descent(1.0, 1, 8), testing::ElementsAre(1, 0, -1, -1, 0, 1, 1, 0, -1));
  EXPECT_THAT(stale_descent(0.5, 1, 4), testing::ElementsAre(1, 0.5, 0, -0.25, -0.25));
}

TEST(StaleDescent, ComesToRestUpToTheRateOfTheFormula) {
  EXPECT_DOUBLE_EQ(largest_stale_rate(0), 2.0);
  EXPECT_NEAR(largest_stale_rate(1), 1.0, 1e-15);
  for (const int staleness : {0, 1, 2, 3, 7})
    EXPECT_NEAR(measured_stale_rate(staleness), largest_stale_rate(staleness), 2e-3) << staleness;
}

}  // namespace
}  // namespace gpt
