#include "exercises/05_gpt/layernorm_backward.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

namespace gpt {
namespace {

using Row = std::vector<double>;

std::pair<double, double> statistics(const Row& x) {
  const double n = static_cast<double>(x.size()), mean = std::accumulate(x.begin(), x.end(), 0.0) / n;
  double variance = 0.0;
  for (const double value : x) variance += (value - mean) * (value - mean) / n;
  return {mean, 1.0 / std::sqrt(variance + 1e-5)};
}

/// Σ dy · y: its gradient with respect to x is what is asked for.
double loss(const Row& x, const Row& weight, const Row& dy) {
  const auto [mean, rstd] = statistics(x);
  double sum = 0.0;
  for (size_t i = 0; i < x.size(); ++i) sum += dy[i] * (x[i] - mean) * rstd * weight[i];
  return sum;
}

const Row x{0.5, -1.0, 2.0, 0.3, 1.1}, weight{1.0, 0.5, -2.0, 1.5, 0.8}, dy{0.3, 1.0, -0.7, 0.2, 2.0};

Row gradient() {
  const auto [mean, rstd] = statistics(x);
  Row dx(x.size());
  layernorm_backward_row(dx, dy, x, weight, mean, rstd);
  return dx;
}

TEST(LayernormBackward, IsThatOfFiniteDifferences) {
  const Row dx = gradient();
  for (size_t i = 0; i < x.size(); ++i) {
    Row above = x, below = x;
    above[i] += 1e-5;
    below[i] -= 1e-5;
    EXPECT_NEAR(dx[i], (loss(above, weight, dy) - loss(below, weight, dy)) / 2e-5, 1e-7) << "element " << i;
  }
}

TEST(LayernormBackward, AddsUpToZero) {
  const Row dx = gradient();
  EXPECT_NEAR(std::accumulate(dx.begin(), dx.end(), 0.0), 0.0, 1e-12)
      << "x + constant has the same y, so the gradient has no part along (1, 1, …): the term through the "
         "mean is missing";
}

TEST(LayernormBackward, HasNoPartAlongX) {
  const Row dx = gradient();
  const auto [mean, rstd] = statistics(x);
  double along = 0.0;
  for (size_t i = 0; i < x.size(); ++i) along += dx[i] * (x[i] - mean) * rstd;
  EXPECT_NEAR(along, 0.0, 1e-4)
      << "2x has (nearly) the same y as x, so the gradient has no part along x - mean: the term "
         "through the variance is missing";
}

}  // namespace
}  // namespace gpt
