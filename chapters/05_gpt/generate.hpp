#pragma once
// Writing text: one token after the other, each drawn from what the model predicts.

#include <functional>
#include <span>
#include <vector>

#include "05_gpt/gpt.hpp"

namespace gpt {

/// How a token is drawn from the logits.
struct Sampling {
  double temperature = 1.0;  ///< logits are divided by it: below 1 bolder, 0 always the most probable token
  int64_t top_k = 0;         ///< only the k most probable tokens; 0 = all
  double top_p = 1.0;        ///< only the most probable tokens that together reach this probability; 1 = all
  uint64_t seed = 1;

  /// Throws UserError with one sentence for numbers that make no sense.
  void validate() const;
};

/// A token and its probability, after temperature, top-k and top-p.
struct TokenChance {
  int32_t token;
  double probability;
};

/// The tokens that may be drawn. First the temperature, then the top_k most probable of them, then of these
/// the fewest whose probabilities reach top_p (the "nucleus" of Holtzman et al., 2020); what is left is
/// scaled to a sum of 1. Equally probable tokens are taken in the order of their numbers. Most probable first
/// where top_k or top_p cut something off, else in the order of the vocabulary. logits: (V).
std::vector<TokenChance> token_chances(const Tensor& logits, const Sampling& sampling);

/// One token, drawn with random number `position` of the seed's stream. logits: (V).
int32_t sample_token(const Tensor& logits, const Sampling& sampling, uint64_t position);

/// Continues `prompt`, one token or more, by `count` tokens, and calls `watch` with each as soon as it is
/// drawn. A KV cache keeps what was computed for earlier positions, so a token costs one position's work.
/// When the context is full, generation goes on with the second half of the window and computes that half
/// again: the model's positions are absolute, so the cache cannot slide. Of a prompt longer than the context
/// its end counts.
std::vector<int32_t> generate(Gpt& model, std::span<const int32_t> prompt, int64_t count,
                              const Sampling& sampling, const std::function<void(int32_t)>& watch = {});

}  // namespace gpt
