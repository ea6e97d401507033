#include <cmath>

#include "16_trainer/trainer.hpp"

namespace gpt {

Schedule make_schedule(const TrainConfig& c) {
  const int64_t warmup = std::min(c.warmup, c.steps);
  if (c.schedule == "cosine") return cosine_schedule(c.lr, c.min_lr, warmup, c.steps);
  if (c.schedule == "linear") return linear_schedule(c.lr, c.min_lr, warmup, c.steps);
  if (c.schedule == "step")  // three stairs down to the smallest rate
    return step_schedule(c.lr, c.lr > 0 ? std::pow(c.min_lr / c.lr, 1.0 / 3) : 1.0,
                         std::max<int64_t>(1, c.steps / 4));
  return constant_schedule(c.lr);
}

}  // namespace gpt
