#include "exercises/03_optimizers/trapezoid.hpp"

namespace gpt {

Schedule trapezoid_schedule(double peak, int64_t warmup, int64_t end) {
  const int64_t fall = end / 5, falls_from = end - fall;
  return [=](int64_t step) {
    if (step >= end) return 0.0;
    if (step < warmup) return peak * static_cast<double>(step + 1) / static_cast<double>(warmup + 1);
    if (step < falls_from) return peak;
    return peak * static_cast<double>(end - step) / static_cast<double>(fall);
  };
}

}  // namespace gpt
