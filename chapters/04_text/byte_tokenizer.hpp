#pragma once
// The simplest tokenizer: a token is a byte.

#include <array>

#include "04_text/tokenizer.hpp"

namespace gpt {

/// 256 tokens, one for each byte. It can write anything, and knows nothing.
class ByteTokenizer final : public Tokenizer {
 public:
  std::vector<int32_t> encode(std::string_view text) const override;
  std::string_view token_bytes(int32_t token) const override;
  int32_t vocabulary_size() const override { return 256; }
  std::string kind() const override { return "byte"; }
  nlohmann::json to_json() const override;  // nothing
};

}  // namespace gpt
