#pragma once
// UTF-8: how text becomes bytes, and which bytes are text (RFC 3629; The Unicode Standard, table 3-7).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gpt {

/// Length in bytes, 1 to 4, of the code point that begins at text[position]; 0 when no well-formed one does.
int utf8_length(std::string_view text, size_t position);

/// Offset of the first byte, at or after `from`, where no well-formed code point begins; nothing when all is
/// well. `from` must be the beginning of a code point.
std::optional<size_t> first_invalid_utf8(std::string_view text, size_t from = 0);

/// The code point at text[position]; moves `position` behind it. Throws Error where the text is ill-formed.
char32_t decode_utf8(std::string_view text, size_t& position);

/// Appends `code_point` to `text`. Throws Error for a surrogate or a number beyond U+10FFFF.
void append_utf8(std::string& text, char32_t code_point);

/// How many code points well-formed `text` has.
int64_t count_code_points(std::string_view text);

/// "é (U+00E9)", or "U+000A" alone where there is nothing to show: for messages.
std::string describe_code_point(char32_t code_point);

}  // namespace gpt
