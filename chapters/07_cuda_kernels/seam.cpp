#include "07_cuda_kernels/seam.hpp"

#include <cmath>

#include "05_gpt/backend.hpp"
#include "07_cuda_kernels/adamw.hpp"
#include "common/check.hpp"

namespace gpt {

bool is_bf16(DType type) {
  GPT_CHECK(type == DType::f32 || type == DType::bf16, "kernels take f32 or bf16, not {}", type);
  return type == DType::bf16;
}

void require(bool holds, const char* what) {
  GPT_CHECK(holds, "{}", what);
}

AdamWFactors adamw_factors(const AdamWStep& step) {
  const double steps = static_cast<double>(step.step);
  const double c2 = step.beta2 < 1.0 ? 1.0 - std::pow(step.beta2, steps) : 1.0;  // v stays at β₂ = 1
  return {.beta1 = static_cast<float>(step.beta1),
          .beta2 = static_cast<float>(step.beta2),
          .scale = static_cast<float>(step.gradient_scale),
          .rate = static_cast<float>(step.learning_rate / (1.0 - std::pow(step.beta1, steps))),
          .root = static_cast<float>(1.0 / std::sqrt(c2)),
          .epsilon = static_cast<float>(step.epsilon),
          .keep = static_cast<float>(1.0 - step.learning_rate * step.weight_decay)};
}

}  // namespace gpt
