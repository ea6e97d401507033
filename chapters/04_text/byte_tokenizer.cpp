#include "04_text/byte_tokenizer.hpp"

#include <nlohmann/json.hpp>

#include "common/check.hpp"

namespace gpt {
namespace {

constexpr std::array<char, 256> all_bytes = [] {
  std::array<char, 256> bytes{};
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i);
  return bytes;
}();

}  // namespace

std::vector<int32_t> ByteTokenizer::encode(std::string_view text) const {
  std::vector<int32_t> tokens;
  tokens.reserve(text.size());
  for (char c : text) tokens.push_back(static_cast<uint8_t>(c));
  return tokens;
}

std::string_view ByteTokenizer::token_bytes(int32_t token) const {
  GPT_CHECK(token >= 0 && token < 256, "token {} in a vocabulary of 256", token);
  return {&all_bytes[static_cast<size_t>(token)], 1};
}

nlohmann::json ByteTokenizer::to_json() const {
  return nlohmann::json::object();
}

}  // namespace gpt
