#pragma once

#include "07_cuda_kernels/seam.hpp"

namespace gpt {

constexpr int adamw_rungs = 2;

/// One step's numbers as the kernel wants them: the corrections of the bias stand outside of the loop.
struct AdamWFactors {
  float beta1, beta2;
  float scale;  ///< of the gradient
  float rate;   ///< learning rate / (1 - β₁ᵗ)
  float root;   ///< 1 / √(1 - β₂ᵗ)
  float epsilon;
  float keep;  ///< 1 - learning rate · weight decay
};
AdamWFactors adamw_factors(const AdamWStep& step);

// clang-format off
SIMT_ON_EVERY_MACHINE(
/// g = gradient_scale · gradient; m = β₁m + (1-β₁)g; v = β₂v + (1-β₂)g²; value -= lr · (m̂ / (√v̂ + ε) + wd · value)
/// (Kingma and Ba, 2015; Loshchilov and Hutter, 2019). All (n) f32. compute_copy: nullptr, or n bf16 that get
/// the new values.
void adamw(float* value, const float* gradient, float* m, float* v, void* compute_copy, int64_t n,
           const AdamWStep& step, int rung = adamw_rungs - 1, Stream stream = nullptr);
)
// clang-format on

}  // namespace gpt
