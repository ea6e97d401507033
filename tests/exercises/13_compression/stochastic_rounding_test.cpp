#include "exercises/13_compression/stochastic_rounding.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace gpt {
namespace {

/// The mean of many roundings of x, and how far it may be off: 4 standard errors.
void expect_unbiased(float x, float step) {
  constexpr size_t n = 20000;
  std::vector<int32_t> whole(n);
  round_stochastically(whole, std::vector<float>(n, x), step, RandomStream(3, RandomUse::sampling));
  double sum = 0;
  const double exact = static_cast<double>(x) / step;
  for (const int32_t w : whole) {
    ASSERT_LT(std::abs(w - exact), 1.0)
        << x << " / " << step << " was rounded to " << w << ", which is not next to it";
    sum += w;
  }
  const double fraction = exact - std::floor(exact), error = std::sqrt(fraction * (1 - fraction) / n);
  EXPECT_NEAR(sum / n, exact, 4 * error + 1e-12)
      << "the mean of " << n << " roundings of " << x << " / " << step
      << ". Nearest gives a whole number each time; cutting off the "
      << "fraction rounds negative numbers up";
}

TEST(RoundStochastically, IsRightOnAverage) {
  expect_unbiased(0.3f, 1);
  expect_unbiased(2.75f, 0.5f);
  expect_unbiased(0.999f, 1);
}
TEST(RoundStochastically, IsRightOnAverageBelowZero) {
  expect_unbiased(-0.3f, 1);
  expect_unbiased(-7.9f, 2);
}
TEST(RoundStochastically, LeavesWholeNumbersAlone) {
  expect_unbiased(-3, 1);
  expect_unbiased(0, 1);
  expect_unbiased(4, 0.5f);
}

TEST(RoundStochastically, DrawsANumberForEachElement) {
  std::vector<int32_t> whole(64);
  round_stochastically(whole, std::vector<float>(64, 0.5f), 1, RandomStream(3, RandomUse::sampling));
  int ones = 0;
  for (const int32_t w : whole) ones += w;
  EXPECT_GT(ones, 10) << "all were rounded down: is one random number used for all?";
  EXPECT_LT(ones, 54) << "all were rounded up: is one random number used for all?";
}

}  // namespace
}  // namespace gpt
