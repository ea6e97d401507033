#pragma once

#include <span>

namespace gpt {

/// One step of Lion (Chen and others, 2023, algorithm 2):
///     c ← beta1 · m + (1 - beta1) · g
///     x ← x - rate · (sign(c) + weight_decay · x)
///     m ← beta2 · m + (1 - beta2) · g
/// x: parameters, g: their gradients, m: the mean of the gradients, all as long. sign(0) is 0.
void lion_step(std::span<float> x, std::span<const float> g, std::span<float> m, float rate, float beta1,
               float beta2, float weight_decay);

}  // namespace gpt
