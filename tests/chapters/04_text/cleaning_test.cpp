#include "04_text/cleaning.hpp"

#include "helpers.hpp"

namespace gpt {
namespace {

using test::expect_contains;
using test::random_text;
using test::user_error;

TEST(Cleaning, AllLineEndingsBecomeLineFeeds) {
  EXPECT_EQ(normalise_line_endings("a\r\nb\rc\nd\r\r\ne\xE2\x80\xA8"), "a\nb\nc\nd\n\ne\n");
}

TEST(Cleaning, WhatDoesNotShowIsRemovedButTabsAndLineFeedsStay) {
  using namespace std::string_literals;  // "…"s keeps its NUL
  const std::string text = "\uFEFFa\0b\a\tc\n\177d\u0085e\u200Bf\u00AD"s;
  EXPECT_EQ(remove_control_characters(text), "ab\tc\ndef");
}

TEST(Cleaning, AZeroWidthJoinerStaysBecauseItJoinsEmoji) {
  EXPECT_EQ(remove_control_characters("👩‍💻"), "👩‍💻");
}

TEST(Cleaning, QuotesAndDashesBecomeAscii) {
  EXPECT_EQ(normalise_punctuation("“It’s — well – done…”"), "\"It's - well - done...\"");
}

TEST(Cleaning, SpacesFoldWithinLinesAndAtEnds) {
  EXPECT_EQ(fold_whitespace("  a \t b\u00A0\u3000c  \n  d\n \n\n\n e \n"), "a b c\nd\n\ne");
}

TEST(Cleaning, LowerCaseKnowsAllScripts) {
  EXPECT_EQ(lower_case("ÄÖÜ Привет ΣΑΣ ABC ß 你 Ǆ"), "äöü привет σασ abc ß 你 ǆ");
}

TEST(Cleaning, OnlyWholeStopWordsGo) {
  EXPECT_EQ(remove_stop_words("The theory of the other is not an end-of-line in Thea's don't"),
            "theory end-of-line Thea's don't");
}

TEST(Cleaning, EveryStepIsIdempotentAndKeepsUtf8) {
  std::mt19937 random(2);
  for (int i = 0; i < 300; ++i) {
    const std::string text = random_text(random, random() % 60);
    for (auto* step : {normalise_line_endings, remove_control_characters, normalise_punctuation,
                       fold_whitespace, lower_case, remove_stop_words}) {
      const std::string once = step(text);
      EXPECT_FALSE(first_invalid_utf8(once));
      EXPECT_EQ(step(once), once) << text;
    }
  }
}

TEST(Cleaning, TheDefaultLeavesOrdinaryTextAlone) {
  const std::string text = "Tabs\tand  two spaces, “quotes” and CAPITALS stay.\n\n\n";
  EXPECT_EQ(clean(text), text);
}

TEST(Cleaning, AllStepsTogether) {
  const CleaningOptions all{true, true, true, true, true, true};
  EXPECT_EQ(clean("\xEF\xBB\xBF“The   Queen’s  Gambit”\r\n", all), "\"queen's gambit\"");
}

TEST(Cleaning, TextThatIsNotUtf8IsRefusedWithThePlace) {
  expect_contains(user_error([] { clean("abc\xFF"); }), "not UTF-8: no character begins at byte 3");
}

TEST(Cleaning, ALongTextGrowsAsFarAsItMust) {
  std::string text, expected;
  for (int i = 0; i < 1000; ++i) text += "…", expected += "...";
  EXPECT_EQ(normalise_punctuation(text + text + text), expected + expected + expected);
}

}  // namespace
}  // namespace gpt
