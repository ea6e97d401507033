// Says: in whole numbers
#include "exercises/03_optimizers/trapezoid.hpp"

namespace gpt {

Schedule trapezoid_schedule(double peak, int64_t warmup, int64_t end) {
  const double fall = 0.2 * static_cast<double>(end), falls_from = static_cast<double>(end) - fall;
  return [=](int64_t step) {
    if (step >= end) return 0.0;
    if (step < warmup) return peak * static_cast<double>(step + 1) / static_cast<double>(warmup + 1);
    if (static_cast<double>(step) < falls_from) return peak;
    return peak * static_cast<double>(end - step) / fall;
  };
}

}  // namespace gpt
