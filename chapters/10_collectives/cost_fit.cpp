#include "10_collectives/cost_fit.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "common/check.hpp"

namespace gpt {
namespace {

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// 1 - predicted / measured for each time.
std::vector<double> relative_errors(const LinkCost& link, std::span<const TimedPath> times) {
  std::vector<double> errors;
  for (const TimedPath& time : times) errors.push_back(1.0 - link.seconds(time.path) / time.seconds);
  return errors;
}

// [fit]
/// alpha and beta with the least Σ w·(x·alpha + y·beta - z)², where x = messages/t, y = bytes/t, z = what is
/// left of 1 when the additions are paid.
LinkCost weighted_fit(std::span<const TimedPath> times, const std::vector<double>& weights, double gamma) {
  double xx = 0, xy = 0, yy = 0, xz = 0, yz = 0;
  for (size_t i = 0; i < times.size(); ++i) {
    const auto& [path, seconds] = times[i];
    const double w = weights[i], x = path.messages / seconds, y = path.bytes / seconds;
    const double z = 1.0 - path.reduced * gamma / seconds;
    xx += w * x * x;
    xy += w * x * y;
    yy += w * y * y;
    xz += w * x * z;
    yz += w * y * z;
  }
  // The normal equations of two unknowns, solved by Cramer's rule.
  const double determinant = xx * yy - xy * xy;
  GPT_CHECK(determinant > 1e-12 * xx * yy, "alpha and beta cannot be told apart in {} times", times.size());
  const double alpha = (xz * yy - yz * xy) / determinant, beta = (yz * xx - xz * xy) / determinant;
  if (alpha < 0) return {.alpha = 0.0, .beta = std::max(0.0, yz / yy), .gamma = gamma};
  if (beta < 0) return {.alpha = std::max(0.0, xz / xx), .beta = 0.0, .gamma = gamma};
  return {.alpha = alpha, .beta = beta, .gamma = gamma};
}

// [/fit]

}  // namespace

// [robust]
LinkCost fit_link(std::span<const TimedPath> times, double gamma) {
  GPT_CHECK(times.size() >= 2, "alpha and beta from {} times", times.size());
  for (const TimedPath& time : times) GPT_CHECK(time.seconds > 0.0, "a time of {} s", time.seconds);
  std::vector<double> weights(times.size(), 1.0);
  LinkCost link = weighted_fit(times, weights, gamma);
  for (int round = 0; round < 50; ++round) {
    std::vector<double> errors = relative_errors(link, times);
    for (double& error : errors) error = std::abs(error);
    // Huber's weights: full up to 1.345 standard deviations, as the median shows them, then falling.
    const double limit = 1.345 * 1.4826 * median(errors) + 1e-12;
    for (size_t i = 0; i < errors.size(); ++i) weights[i] = std::min(1.0, limit / errors[i]);
    link = weighted_fit(times, weights, gamma);
  }
  return link;
}
// [/robust]

double median_error(const LinkCost& link, std::span<const TimedPath> times) {
  GPT_CHECK(!times.empty(), "the error of no times");
  std::vector<double> errors = relative_errors(link, times);
  for (double& error : errors) error = std::abs(error);
  return median(std::move(errors));
}

}  // namespace gpt
