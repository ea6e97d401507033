#pragma once

#include <cstdint>
#include <vector>

#include "05_gpt/generate.hpp"

namespace gpt {

/// Min-p sampling (Nguyen and others, 2024): of the tokens with the probabilities softmax(logits /
/// temperature), those are kept whose probability is at least min_p times that of the most probable one;
/// scaled to a sum of 1, in the order of the vocabulary. temperature > 0, 0 <= min_p <= 1. logits: (V) f32,
/// contiguous.
std::vector<TokenChance> min_p_chances(const Tensor& logits, double temperature, double min_p);

}  // namespace gpt
