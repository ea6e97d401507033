#pragma once
// Training and validation: the end of the text is kept for the exam.

#include <string_view>

#include "04_text/tokens.hpp"

namespace gpt {

/// Cuts `text`, valid UTF-8, after ⌊(1 - validation_fraction) × its characters⌋ characters, as nanoGPT does.
/// Cutting before a tokenizer is trained keeps the exam unseen by the tokenizer too. Throws UserError unless
/// 0 <= fraction < 1.
struct TextSplit {
  std::string_view training;
  std::string_view validation;  ///< views of the text that was cut
};
TextSplit split_text(std::string_view text, double validation_fraction);

/// The same for a row of tokens, where a token counts as one.
struct TokenSplit {
  Tokens training;
  Tokens validation;
};
TokenSplit split_tokens(const Tokens& tokens, double validation_fraction);

}  // namespace gpt
