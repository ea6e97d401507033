#pragma once
// GPT-2's splitting rule: where byte-pair encoding may never merge across.

#include <string_view>

#include "04_text/regex.hpp"
#include "04_text/utf8.hpp"

namespace gpt {

/// The rule of GPT-2's encoder.py (Radford et al., 2019), made anew on every call.
Regex gpt2_splitting_rule();

/// Calls `piece` with the pieces of `text` in order; joined they are `text` again, whatever its bytes are.
/// A byte that is no part of well-formed UTF-8 is a piece of its own.
template <typename Piece>
void for_each_piece(const Regex& rule, std::string_view text, Piece&& piece) {
  for (size_t from = 0; from < text.size();) {
    const size_t to = first_invalid_utf8(text, from).value_or(text.size());
    rule.for_each_match(text.substr(from, to - from), piece);
    if (to < text.size()) piece(text.substr(to, 1));
    from = to + 1;
  }
}

}  // namespace gpt
