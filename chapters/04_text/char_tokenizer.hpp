#pragma once
// A token is a character that occurs in the training text.

#include "04_text/tokenizer.hpp"

namespace gpt {

/// One token for each Unicode code point of a text, in the order of their numbers (as nanoGPT's character
/// data).
class CharTokenizer final : public Tokenizer {
 public:
  /// The vocabulary is the set of characters in `text`. Throws UserError when it is empty or not UTF-8.
  explicit CharTokenizer(std::string_view text);
  static CharTokenizer from_json(const nlohmann::json& json);  ///< reads what to_json() gives

  /// Throws UserError that names the first character outside the vocabulary and its position.
  std::vector<int32_t> encode(std::string_view text) const override;
  std::string_view token_bytes(int32_t token) const override;
  int32_t vocabulary_size() const override { return static_cast<int32_t>(characters_.size()); }
  std::string kind() const override { return "character"; }
  nlohmann::json to_json() const override;

 private:
  std::vector<std::string> characters_;  // token → its UTF-8 bytes
  std::vector<int32_t> token_of_;        // code point → token, or -1
};

}  // namespace gpt
