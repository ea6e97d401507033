#include "04_text/utf8.hpp"

#include <algorithm>
#include <cstring>

#include "common/check.hpp"

namespace gpt {

// [length]
int utf8_length(std::string_view text, size_t position) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[position + i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  // The lead byte says how many bytes follow. The narrower range of the second byte shuts out four kinds of
  // nonsense.
  int length = 0;
  uint8_t low = 0x80, high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {  // C0 and C1 would write ASCII in two bytes
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;   // below: two bytes would do
    if (lead == 0xED) high = 0x9F;  // above: halves of UTF-16 pairs, which are no characters
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;   // below: three bytes would do
    if (lead == 0xF4) high = 0x8F;  // above: beyond U+10FFFF, the end of Unicode
  }
  if (length == 0 || position + static_cast<size_t>(length) > text.size()) return 0;
  if (byte(1) < low || byte(1) > high) return 0;
  for (int i = 2; i < length; ++i)
    if ((byte(static_cast<size_t>(i)) & 0xC0) != 0x80) return 0;
  return length;
}
// [/length]

std::optional<size_t> first_invalid_utf8(std::string_view text, size_t from) {
  size_t at = from;
  while (at < text.size()) {
    uint64_t eight = 0;
    if (at + 8 <= text.size()) {  // most text is ASCII: eight bytes at a time
      std::memcpy(&eight, text.data() + at, 8);
      if ((eight & 0x8080808080808080u) == 0) {
        at += 8;
        continue;
      }
    }
    const int length = utf8_length(text, at);
    if (length == 0) return at;
    at += static_cast<size_t>(length);
  }
  return std::nullopt;
}

char32_t decode_utf8(std::string_view text, size_t& position) {
  const int length = position < text.size() ? utf8_length(text, position) : 0;
  GPT_CHECK(length > 0, "no UTF-8 character begins at byte {}", position);
  const auto lead = static_cast<uint8_t>(text[position]);
  char32_t code_point = length == 1 ? lead : lead & (0x7Fu >> length);
  for (int i = 1; i < length; ++i)
    code_point = code_point << 6 | (static_cast<uint8_t>(text[position + static_cast<size_t>(i)]) & 0x3Fu);
  position += static_cast<size_t>(length);
  return code_point;
}

void append_utf8(std::string& text, char32_t code_point) {
  GPT_CHECK(code_point <= 0x10FFFF && (code_point < 0xD800 || code_point > 0xDFFF), "{:#x} is no character",
            static_cast<uint32_t>(code_point));
  const auto continuation = [&](int shift) {
    text += static_cast<char>(0x80 | ((code_point >> shift) & 0x3F));
  };
  if (code_point < 0x80) {
    text += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    text += static_cast<char>(0xC0 | code_point >> 6);
    continuation(0);
  } else if (code_point < 0x10000) {
    text += static_cast<char>(0xE0 | code_point >> 12);
    continuation(6);
    continuation(0);
  } else {
    text += static_cast<char>(0xF0 | code_point >> 18);
    continuation(12);
    continuation(6);
    continuation(0);
  }
}

int64_t count_code_points(std::string_view text) {
  // Every code point has exactly one byte that is not of the form 10xxxxxx.
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

std::string describe_code_point(char32_t code_point) {
  const auto number = fmt::format("U+{:04X}", static_cast<uint32_t>(code_point));
  if (code_point <= 0x20 || (code_point >= 0x7F && code_point <= 0xA0)) return number;
  std::string text;
  append_utf8(text, code_point);
  return fmt::format("{} ({})", text, number);
}

}  // namespace gpt
