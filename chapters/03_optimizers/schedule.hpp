#pragma once
// The learning rate over time.

#include <cmath>
#include <cstdint>
#include <functional>
#include <numbers>

#include "common/check.hpp"

namespace gpt {

/// The learning rate of a step, counted from 0. A function of the step alone: whoever resumes at step k needs
/// to know nothing of the steps before it.
using Schedule = std::function<double(int64_t step)>;

inline Schedule constant_schedule(double rate) {
  return [rate](int64_t) { return rate; };
}

/// The rate is multiplied by `factor` after every `every` steps.
inline Schedule step_schedule(double rate, double factor, int64_t every) {
  GPT_CHECK(every > 0, "a step schedule with {} steps a stair", every);
  return [=](int64_t step) { return rate * std::pow(factor, static_cast<double>(step / every)); };
}

// [cosine]
/// Up in a straight line to `peak` over `warmup` steps, then along `shape` down to `floor` at step `end`, and
/// flat from there. `shape` falls from 1 at 0 to 0 at 1.
inline Schedule warmup_schedule(double peak, double floor, int64_t warmup, int64_t end,
                                double (*shape)(double)) {
  GPT_CHECK(warmup >= 0 && end >= warmup, "a schedule with {} steps of warm-up that ends at step {}", warmup,
            end);
  return [=](int64_t step) {
    if (step < warmup) return peak * static_cast<double>(step + 1) / static_cast<double>(warmup + 1);
    if (step >= end) return floor;
    const double progress = static_cast<double>(step - warmup) / static_cast<double>(end - warmup);
    return floor + (peak - floor) * shape(progress);
  };
}

/// Warm-up, then half a cosine (Loshchilov and Hutter, 2017), as nanoGPT and most GPTs are trained.
inline Schedule cosine_schedule(double peak, double floor, int64_t warmup, int64_t end) {
  return warmup_schedule(peak, floor, warmup, end,
                         [](double x) { return 0.5 * (1.0 + std::cos(std::numbers::pi * x)); });
}

/// Warm-up, then a straight line.
inline Schedule linear_schedule(double peak, double floor, int64_t warmup, int64_t end) {
  return warmup_schedule(peak, floor, warmup, end, [](double x) { return 1.0 - x; });
}
// [/cosine]

}  // namespace gpt
