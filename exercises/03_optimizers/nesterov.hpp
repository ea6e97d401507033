#pragma once

#include <span>

namespace gpt {

/// One step of Nesterov's momentum (1983; in the form of Sutskever and others, 2013, section 2, as PyTorch
/// computes it):
///     v ← momentum · v + g
///     x ← x - rate · (g + momentum · v)
/// x: parameters, g: their gradients, v: velocities, all as long.
void nesterov_step(std::span<float> x, std::span<const float> g, std::span<float> v, float rate,
                   float momentum);

}  // namespace gpt
