#pragma once
// Tokens as text while they come: a token may be half a character.

#include <functional>
#include <string>

#include "04_text/tokenizer.hpp"
#include "04_text/tokens.hpp"
#include "05_gpt/generate.hpp"

namespace gpt {

/// Turns tokens into text and passes on whole characters only. Bytes that cannot become a character come out
/// as U+FFFD, so that what is written is always UTF-8.
class TextStream {
 public:
  using Sink = std::function<void(std::string_view)>;
  TextStream(const Tokenizer& tokenizer, Sink sink) : tokenizer_(tokenizer), sink_(std::move(sink)) {}

  void put(int32_t token);
  /// What is left when no more tokens come.
  void finish();

 private:
  void drain(bool all);

  const Tokenizer& tokenizer_;
  Sink sink_;
  std::string waiting_;
};

/// `count` tokens as text, written by the model from a line feed (or, where the tokenizer has none, from the
/// first token of `data`).
std::string sample_text(Gpt& model, const Tokenizer& tokenizer, const Tokens& data, int64_t count,
                        uint64_t seed);

}  // namespace gpt
