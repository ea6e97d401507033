#include "04_text/char_tokenizer.hpp"

#include <nlohmann/json.hpp>

#include "04_text/utf8.hpp"
#include "common/check.hpp"

namespace gpt {
namespace {

void require_utf8(std::string_view text) {
  const auto bad = first_invalid_utf8(text);
  GPT_REQUIRE(!bad, "the text is not UTF-8: no character begins at byte {}", *bad);
}

}  // namespace

CharTokenizer::CharTokenizer(std::string_view text) {
  require_utf8(text);
  GPT_REQUIRE(!text.empty(), "a character vocabulary needs a text, and this one is empty");
  for (size_t at = 0; at < text.size();) {
    const char32_t c = decode_utf8(text, at);
    if (c >= token_of_.size()) token_of_.resize(c + 1, -1);
    token_of_[c] = 0;  // seen; its number comes below, when all are known
  }
  for (char32_t c = 0; c < token_of_.size(); ++c) {
    if (token_of_[c] < 0) continue;
    token_of_[c] = static_cast<int32_t>(characters_.size());
    append_utf8(characters_.emplace_back(), c);
  }
}

CharTokenizer CharTokenizer::from_json(const nlohmann::json& json) {
  return CharTokenizer(json.at("characters").get<std::string>());
}

nlohmann::json CharTokenizer::to_json() const {
  std::string all;
  for (const std::string& character : characters_) all += character;
  return {{"characters", all}};
}

std::vector<int32_t> CharTokenizer::encode(std::string_view text) const {
  require_utf8(text);
  std::vector<int32_t> tokens;
  tokens.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t start = at;
    const char32_t c = decode_utf8(text, at);
    const int32_t token = c < token_of_.size() ? token_of_[c] : -1;
    GPT_REQUIRE(token >= 0, "the character {} at byte {} is not among the {} characters of the vocabulary",
                describe_code_point(c), start, vocabulary_size());
    tokens.push_back(token);
  }
  return tokens;
}

std::string_view CharTokenizer::token_bytes(int32_t token) const {
  GPT_CHECK(token >= 0 && token < vocabulary_size(), "token {} in a vocabulary of {}", token,
            vocabulary_size());
  return characters_[static_cast<size_t>(token)];
}

}  // namespace gpt
