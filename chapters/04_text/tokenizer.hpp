#pragma once
// What every tokenizer can do: text to numbers, and back.

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gpt {

/// Turns text into tokens, numbers from 0 to vocabulary_size() - 1, and back without loss:
/// decode(encode(text)) == text for every text that encode() accepts. Immutable, so threads may share one.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// The tokens of `text`. Throws UserError for text that this tokenizer cannot write.
  virtual std::vector<int32_t> encode(std::string_view text) const = 0;

  /// The bytes that one token stands for. A token may be part of a character, so they need not be valid
  /// UTF-8. Throws Error for a token that is not in the vocabulary.
  virtual std::string_view token_bytes(int32_t token) const = 0;

  virtual int32_t vocabulary_size() const = 0;
  virtual std::string kind() const = 0;  ///< "byte", "character" or "bpe"

  /// The token that stands between two documents and that no text is encoded to, if there is one.
  virtual std::optional<int32_t> end_of_text() const { return std::nullopt; }

  /// Everything that load_tokenizer() needs, besides the kind.
  virtual nlohmann::json to_json() const = 0;

  std::string decode(std::span<const int32_t> tokens) const;

  /// A checksum of the serialised form: two tokenizers with the same fingerprint give the same tokens.
  uint64_t fingerprint() const;

  /// Writes a file that load_tokenizer() reads; the old file stays until the new one is whole.
  void save(const std::filesystem::path& path) const;
};

/// Reads what save() wrote; or, from a folder, GPT-2's own files `vocab.json` and `merges.txt`.
/// Throws UserError for a file that is missing, damaged or something else.
std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& path);

}  // namespace gpt
