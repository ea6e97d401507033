#pragma once
// Byte-pair encoding over bytes (Sennrich et al., 2016; Radford et al., 2019): encoding and decoding.

#include <array>
#include <unordered_map>
#include <utility>

#include "04_text/regex.hpp"
#include "04_text/tokenizer.hpp"

namespace gpt {

/// "Where `left` stands before `right`, write `token` instead."
struct BpeMerge {
  int32_t left = 0;
  int32_t right = 0;
  int32_t token = 0;
  bool operator==(const BpeMerge&) const = default;
};

/// The name of the token between two documents, as in GPT-2.
inline constexpr std::string_view end_of_text_name = "<|endoftext|>";

/// A byte-level BPE tokenizer. The text is cut into pieces by GPT-2's rule; each piece begins as bytes, and
/// of all neighbours that a merge knows those of the earliest merge are joined first, from left to right,
/// until none is left. Any bytes can be encoded, valid UTF-8 or not.
class BpeTokenizer final : public Tokenizer {
 public:
  /// byte_tokens: the token of each byte. merges: in the order in which they were learned. special_tokens:
  /// names and tokens that decode() writes but encode() never makes. Throws UserError unless the tokens are
  /// 0, 1, 2, … with one meaning each, and each merge joins bytes or results of earlier merges.
  BpeTokenizer(const std::array<int32_t, 256>& byte_tokens, std::vector<BpeMerge> merges,
               std::vector<std::pair<std::string, int32_t>> special_tokens);
  static BpeTokenizer from_json(const nlohmann::json& json);  ///< reads what to_json() gives

  std::vector<int32_t> encode(std::string_view text) const override;
  std::string_view token_bytes(int32_t token) const override;
  int32_t vocabulary_size() const override { return static_cast<int32_t>(token_bytes_.size()); }
  std::string kind() const override { return "bpe"; }
  std::optional<int32_t> end_of_text() const override;
  nlohmann::json to_json() const override;

  const std::vector<BpeMerge>& merges() const { return merges_; }

  /// Which merge, counted from 0, joins `left` and `right`; -1 when none does.
  int32_t merge_rank(int32_t left, int32_t right) const;

 private:
  struct Workspace;
  void encode_piece(std::string_view piece, Workspace& work, std::vector<int32_t>& tokens) const;
  void add_token(int32_t token, std::string bytes);

  std::array<int32_t, 256> byte_tokens_;
  std::vector<BpeMerge> merges_;
  std::vector<std::pair<std::string, int32_t>> special_tokens_;
  std::vector<std::string> token_bytes_;           // token → what it stands for
  std::unordered_map<uint64_t, int32_t> rank_of_;  // pair_key(left, right) → index in merges_
  Regex splitting_rule_;
};

/// Two tokens as one number, to look a pair up.
inline uint64_t pair_key(int32_t left, int32_t right) {
  return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
}

}  // namespace gpt
