#include "04_text/utf8.hpp"

#include "helpers.hpp"

namespace gpt {
namespace {

using test::random_text;

/// The oracle: all encodings of all code points, written from the definition (RFC 3629, section 3) and not
/// from the decoder.
std::vector<bool> is_well_formed_of_two() {
  std::vector<bool> good(1 << 16, false);
  for (uint32_t c = 0x80; c < 0x800; ++c) good[(0xC0 | c >> 6) << 8 | (0x80 | (c & 0x3F))] = true;
  for (uint32_t a = 0; a < 0x80; ++a)
    for (uint32_t b = 0; b < 0x80; ++b) good[a << 8 | b] = true;
  return good;
}

TEST(Utf8, EveryOneAndTwoByteStringIsJudgedRight) {
  const auto good = is_well_formed_of_two();
  for (uint32_t a = 0; a < 256; ++a) {
    EXPECT_EQ(!first_invalid_utf8(std::string(1, static_cast<char>(a))), a < 0x80) << a;
    for (uint32_t b = 0; b < 256; ++b) {
      const std::string text = {static_cast<char>(a), static_cast<char>(b)};
      ASSERT_EQ(!first_invalid_utf8(text), good[a << 8 | b]) << a << ' ' << b;
    }
  }
}

TEST(Utf8, EveryCodePointSurvivesEncodingAndDecoding) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c == 0xD800) c = 0xE000;
    std::string text;
    append_utf8(text, c);
    ASSERT_EQ(utf8_length(text, 0), static_cast<int>(text.size())) << std::hex << static_cast<uint32_t>(c);
    size_t at = 0;
    ASSERT_EQ(decode_utf8(text, at), c);
    ASSERT_EQ(at, text.size());
  }
}

TEST(Utf8, IllFormedSequencesAreFoundAtTheirFirstByte) {
  for (const std::string bad : {"\xE0\x80\x80",
                                "\xE0\x9F\xBF",  // three bytes where two would do
                                "\xED\xA0\x80",
                                "\xED\xBF\xBF",  // surrogates
                                "\xF0\x80\x80\x80",
                                "\xF0\x8F\xBF\xBF",  // four bytes where three would do
                                "\xF4\x90\x80\x80",
                                "\xF5\x80\x80\x80",
                                "\xFF",
                                "\xFE",  // beyond U+10FFFF
                                "\x80",
                                "\xBF",
                                "\xC0\xAF",
                                "\xC1\xBF",  // a continuation alone; ASCII in two bytes
                                "\xC3",
                                "\xE2\x82",
                                "\xF0\x9F\x98",
                                "\xE2",  // cut off at the end
                                "\xE2\x28\xA1",
                                "\xE2\x82\x28",
                                "\xF0\x28\x8C\xBC",
                                "\xF0\x90\x28\xBC",
                                "\xF0\x9F\x98\x28"}) {
    for (const std::string before :
         {"", "a", "seven67", "exactly8", "ä€😀", "a long line of ASCII before it…"})
      EXPECT_EQ(first_invalid_utf8(before + bad), before.size())
          << before << " and " << testing::PrintToString(bad);
  }
}

TEST(Utf8, TheEndsOfTheRangesAreWellFormed) {
  for (const std::string good : {"\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                                 "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "", "plain"})
    EXPECT_FALSE(first_invalid_utf8(good)) << testing::PrintToString(good);
}

TEST(Utf8, CountsCodePoints) {
  std::mt19937 random(1);
  for (size_t n = 0; n < 50; ++n)
    EXPECT_EQ(count_code_points(random_text(random, n)), static_cast<int64_t>(n));
}

TEST(Utf8, SurrogatesAndNumbersBeyondUnicodeAreRefused) {
  std::string text;
  for (char32_t c : {0xD800u, 0xDFFFu, 0x110000u}) EXPECT_THROW(append_utf8(text, c), Error);
  size_t at = 0;
  EXPECT_THROW(decode_utf8("\xC3", at), Error);
}

TEST(Utf8, DescribesACharacterWithItsNumber) {
  EXPECT_EQ(describe_code_point(U'é'), "é (U+00E9)");
  EXPECT_EQ(describe_code_point(U'\n'), "U+000A");
  EXPECT_EQ(describe_code_point(U'😀'), "😀 (U+1F600)");
}

}  // namespace
}  // namespace gpt
