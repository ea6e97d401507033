#pragma once

#include <cstdint>
#include <span>

namespace gpt {

struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0.01;
};

/// Step number `step`, counted from 1, of AdamW (Loshchilov and Hutter, 2019, algorithm 2), with decay before
/// the update as PyTorch has it. x: parameters, g: gradients, m and v: the means of g and g², zeros before
/// the first step.
void adamw_step(std::span<double> x, std::span<const double> g, std::span<double> m, std::span<double> v,
                int64_t step, double rate, const AdamWOptions& options = {});

}  // namespace gpt
