// Does the fit find the alpha and beta from which the times were made?
#include "10_collectives/cost_fit.hpp"

#include <gtest/gtest.h>

#include "01_tensors/philox.hpp"
#include "common/check.hpp"

namespace gpt {
namespace {

constexpr LinkCost truth{.alpha = 5e-5, .beta = 8e-9};

/// Messages of 1 B to 16 MB. Each takes up to `noise` longer than the model says; every `spoilt`-th three
/// times as long.
std::vector<TimedPath> messages(double noise, int spoilt = 0) {
  const RandomStream random(7, RandomUse::sampling);
  std::vector<TimedPath> times;
  for (int i = 0; i < 75; ++i) {
    const CriticalPath path{.messages = 1, .bytes = static_cast<double>(1 << (i / 3))};
    const double late = spoilt > 0 && i % spoilt == 0 ? 3.0 : 1.0;
    times.push_back(
        {path, truth.seconds(path) * late * (1 + noise * (random.uniform(static_cast<uint64_t>(i)) - 0.5))});
  }
  return times;
}

void expect_near(const LinkCost& fitted, double tolerance) {
  EXPECT_NEAR(fitted.alpha / truth.alpha, 1.0, tolerance);
  EXPECT_NEAR(fitted.beta / truth.beta, 1.0, tolerance);
}

TEST(CostFit, FindsAlphaAndBetaFromExactTimes) {
  const auto times = messages(0.0);
  const LinkCost fitted = fit_link(times);
  expect_near(fitted, 1e-9);
  EXPECT_LT(median_error(fitted, times), 1e-9);
}

TEST(CostFit, FindsThemUnderNoise) {
  expect_near(fit_link(messages(0.2)), 0.03);  // ±10%
}

TEST(CostFit, IsNotMisledByTimesFarOff) {
  expect_near(fit_link(messages(0.1, /*spoilt=*/7)), 0.05);
}

TEST(CostFit, FitsTimesOfAnAllReduceWithItsAdditions) {
  const LinkCost link{.alpha = 5e-5, .beta = 8e-9, .gamma = 2e-10};
  std::vector<TimedPath> times;
  for (double bytes = 1; bytes <= 1e8; bytes *= 10)
    for (const auto algorithm : {AllReduceAlgorithm::ring, AllReduceAlgorithm::recursive_doubling}) {
      const CriticalPath path = all_reduce_path(algorithm, 4, bytes);
      times.push_back({path, link.seconds(path)});
    }
  const LinkCost fitted = fit_link(times, link.gamma);
  expect_near(fitted, 1e-9);
  EXPECT_EQ(fitted.gamma, link.gamma);
}

TEST(CostFit, NeverGivesANegativeCost) {
  // Faster than in proportion: the line through these would start below zero.
  const std::vector<TimedPath> times{{{.messages = 1, .bytes = 1000}, 1e-6},
                                     {{.messages = 1, .bytes = 2000}, 4e-6}};
  const LinkCost fitted = fit_link(times);
  EXPECT_EQ(fitted.alpha, 0.0);
  EXPECT_GT(fitted.beta, 0.0);
  const std::vector<TimedPath> falling{{{.messages = 1, .bytes = 1}, 2e-6},
                                       {{.messages = 1, .bytes = 2000}, 1e-6}};
  EXPECT_EQ(fit_link(falling).beta, 0.0);
  EXPECT_GT(fit_link(falling).alpha, 0.0);
}

TEST(CostFit, RefusesWhatCannotBeTold) {
  EXPECT_THROW(fit_link({}), Error);
  const TimedPath one{{.messages = 1, .bytes = 1000}, 1e-3};
  EXPECT_THROW(fit_link(std::vector{one}), Error);
  EXPECT_THROW(fit_link(std::vector{one, one}), Error);  // two times of one kind
  EXPECT_THROW(fit_link(std::vector{one, TimedPath{{.messages = 1, .bytes = 1}, 0.0}}), Error);
}

}  // namespace
}  // namespace gpt
