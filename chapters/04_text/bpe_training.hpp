#pragma once
// Learning the merges of a BPE tokenizer from text.

#include <functional>

#include "04_text/bpe_tokenizer.hpp"

namespace gpt {

/// One step of the training: this merge was learned, because its pair stood side by side `count` times.
struct BpeTrainingStep {
  BpeMerge merge;
  int64_t count = 0;
};

/// Learns merges until the vocabulary (256 bytes, one token per merge, <|endoftext|>) has `vocabulary_size`
/// tokens, or until no pair occurs twice: then the vocabulary stays smaller. Each step merges the most
/// frequent pair; of equally frequent ones the pair with the smallest left, then the smallest right token, so
/// the result is the same everywhere. `watch` is called after each step. Throws UserError for vocabulary_size
/// < 257.
BpeTokenizer train_bpe(std::string_view text, int32_t vocabulary_size,
                       const std::function<void(const BpeTrainingStep&)>& watch = {});

}  // namespace gpt
