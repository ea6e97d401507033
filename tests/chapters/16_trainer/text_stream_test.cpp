// Tokens as text: whatever bytes come, what is passed on is whole characters.
#include "16_trainer/text_stream.hpp"

#include <gtest/gtest.h>

#include "01_tensors/philox.hpp"
#include "04_text/byte_tokenizer.hpp"
#include "04_text/utf8.hpp"

namespace gpt {
namespace {

std::vector<std::string> stream_bytes(const std::string& bytes) {
  const ByteTokenizer tokenizer;
  std::vector<std::string> pieces;
  TextStream stream(tokenizer, [&](std::string_view text) { pieces.emplace_back(text); });
  for (const char byte : bytes) stream.put(static_cast<unsigned char>(byte));
  stream.finish();
  return pieces;
}

std::string joined(const std::vector<std::string>& pieces) {
  std::string text;
  for (const std::string& piece : pieces) text += piece;
  return text;
}

TEST(TextStream, PassesOnWholeCharacters) {
  const std::string text = "aé€𝄞z";
  const auto pieces = stream_bytes(text);
  EXPECT_EQ(joined(pieces), text);
  EXPECT_EQ(pieces, (std::vector<std::string>{"a", "é", "€", "𝄞", "z"}));
}

TEST(TextStream, ReplacesWhatIsNoCharacter) {
  EXPECT_EQ(joined(stream_bytes("a\xC3")), "a\uFFFD");
  EXPECT_EQ(joined(stream_bytes("\x80z")), "\uFFFDz");
}

TEST(TextStream, IsAlwaysUtf8) {
  const RandomStream random(1, RandomUse::example);
  for (uint64_t trial = 0; trial < 2000; ++trial) {
    std::string bytes;
    for (uint64_t i = 0; i < 12; ++i)  // mostly from the bytes that make up long characters
      bytes += static_cast<char>(0x70 + random.below(trial * 16 + i, 0x90));
    const std::string text = joined(stream_bytes(bytes));
    ASSERT_FALSE(first_invalid_utf8(text).has_value());
    if (!first_invalid_utf8(bytes)) {
      ASSERT_EQ(text, bytes);
    }
  }
}

}  // namespace
}  // namespace gpt
