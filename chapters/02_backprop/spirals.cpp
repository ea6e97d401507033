#include "02_backprop/spirals.hpp"

#include <cmath>
#include <numbers>

namespace gpt {

Spirals make_spirals(int per_arm, double turns) {
  const Spirals spirals{Tensor({2 * per_arm, 2}, DType::f64), Tensor({2 * per_arm, 1}, DType::f64)};
  for (int arm = 0; arm < 2; ++arm)
    for (int i = 0; i < per_arm; ++i) {
      const double along = (i + 0.5) / per_arm;  // from the middle to the end of the arm
      const double radius = 0.1 + 0.85 * along, angle = (2 * turns * along + arm) * std::numbers::pi;
      const int64_t row = arm * per_arm + i;
      spirals.points.at<double>({row, 0}) = radius * std::cos(angle);
      spirals.points.at<double>({row, 1}) = radius * std::sin(angle);
      spirals.labels.at<double>({row, 0}) = arm == 0 ? -1.0 : 1.0;
    }
  return spirals;
}

}  // namespace gpt
