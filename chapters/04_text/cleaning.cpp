#include "04_text/cleaning.hpp"

#include "04_text/regex.hpp"
#include "04_text/utf8.hpp"
#include "common/check.hpp"

namespace gpt {
namespace {

std::string replace(std::string_view text, std::string_view pattern, std::string_view replacement) {
  return Regex(pattern).replace_all(text, replacement);
}

constexpr std::string_view stop_words =
    "a|about|after|again|all|also|am|an|and|any|are|as|at|be|because|been|before|being|between|both|but|by|"
    "can|could|"
    "did|do|does|doing|down|during|each|few|for|from|further|had|has|have|having|he|her|here|hers|him|his|"
    "how|i|if|in|"
    "into|is|it|its|just|me|more|most|my|no|nor|not|now|of|off|on|once|only|or|other|our|out|over|own|same|"
    "she|should|"
    "so|some|such|than|that|the|their|them|then|there|these|they|this|those|through|to|too|under|until|up|"
    "very|was|we|"
    "were|what|when|where|which|while|who|whom|why|will|with|would|you|your";

}  // namespace

// [steps]
std::string normalise_line_endings(std::string_view text) {
  return replace(text, R"(\r\n?|[\x{85}\x{2028}\x{2029}])", "\n");
}

std::string remove_control_characters(std::string_view text) {
  return replace(text, R"((?![\n\t])\p{Cc}|[\x{AD}\x{200B}\x{FEFF}])", "");
}

std::string normalise_punctuation(std::string_view text) {
  std::string plain = replace(text, R"([\x{2018}-\x{201B}\x{2032}])", "'");
  plain = replace(plain, R"([\x{201C}-\x{201F}\x{2033}\x{AB}\x{BB}])", "\"");
  plain = replace(plain, R"([\x{2010}-\x{2015}\x{2212}])", "-");
  return replace(plain, R"(\x{2026})", "...");
}

std::string fold_whitespace(std::string_view text) {
  std::string folded = replace(text, R"([^\S\n]+)", " ");
  folded = replace(folded, R"( ?\n ?)", "\n");
  folded = replace(folded, R"(\n{3,})", "\n\n");
  return replace(folded, R"(\A\s+|\s+\z)", "");
}

std::string lower_case(std::string_view text) {
  return replace(text, R"([\p{Lu}\p{Lt}]+)", R"(\L$0)");
}
// [/steps]

std::string remove_stop_words(std::string_view text) {
  // A whole word only: neither in the middle of another one nor a part of "don't" or "up-to-date".
  const std::string pattern =
      fmt::format(R"((?i)(?<![\p{{L}}\p{{N}}'-])(?:{})(?![\p{{L}}\p{{N}}'-]) ?)", stop_words);
  return replace(text, pattern, "");
}

std::string clean(std::string_view text, const CleaningOptions& options) {
  const auto bad = first_invalid_utf8(text);
  GPT_REQUIRE(!bad, "the text is not UTF-8: no character begins at byte {}", *bad);
  std::string cleaned(text);
  if (options.line_endings) cleaned = normalise_line_endings(cleaned);
  if (options.control_characters) cleaned = remove_control_characters(cleaned);
  if (options.punctuation) cleaned = normalise_punctuation(cleaned);
  if (options.whitespace) cleaned = fold_whitespace(cleaned);
  if (options.lower_case) cleaned = lower_case(cleaned);
  if (options.stop_words) cleaned = remove_stop_words(cleaned);
  return cleaned;
}

}  // namespace gpt
