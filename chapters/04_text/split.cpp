#include "04_text/split.hpp"

#include "04_text/utf8.hpp"
#include "common/check.hpp"

namespace gpt {
namespace {

int64_t training_part(int64_t size, double validation_fraction) {
  GPT_REQUIRE(validation_fraction >= 0 && validation_fraction < 1,
              "the fraction for validation must be at least 0 and less than 1, not {}", validation_fraction);
  return static_cast<int64_t>(static_cast<double>(size) * (1 - validation_fraction));
}

}  // namespace

TextSplit split_text(std::string_view text, double validation_fraction) {
  const int64_t characters = training_part(count_code_points(text), validation_fraction);
  size_t cut = 0;
  for (int64_t i = 0; i < characters; ++i) {
    const int length = utf8_length(text, cut);
    GPT_CHECK(length > 0, "no UTF-8 character begins at byte {}", cut);
    cut += static_cast<size_t>(length);
  }
  return {text.substr(0, cut), text.substr(cut)};
}

TokenSplit split_tokens(const Tokens& tokens, double validation_fraction) {
  const int64_t cut = training_part(tokens.size(), validation_fraction);
  return {tokens.slice(0, cut), tokens.slice(cut, tokens.size() - cut)};
}

}  // namespace gpt
