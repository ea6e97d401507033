// Says: the count begins anew
#include "exercises/08_gpu_training/loss_scaling.hpp"

#include <algorithm>

namespace gpt {

LossScaler::LossScaler(double first_scale, int64_t patience) : scale_(first_scale), patience_(patience) {}

bool LossScaler::update(bool finite) {
  if (!finite) {
    scale_ = std::max(1.0, scale_ / 2);
    good_ = 0;
    return false;
  }
  if (++good_ >= patience_) {
    scale_ = std::min(16777216.0, scale_ * 2);
  }
  return true;
}

}  // namespace gpt
