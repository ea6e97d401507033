#include "04_text/bpe_tokenizer.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

#include "04_text/gpt2_split.hpp"
#include "common/check.hpp"

namespace gpt {

BpeTokenizer::BpeTokenizer(const std::array<int32_t, 256>& byte_tokens, std::vector<BpeMerge> merges,
                           std::vector<std::pair<std::string, int32_t>> special_tokens)
    : byte_tokens_(byte_tokens),
      merges_(std::move(merges)),
      special_tokens_(std::move(special_tokens)),
      splitting_rule_(gpt2_splitting_rule()) {
  token_bytes_.resize(256 + merges_.size() + special_tokens_.size());
  for (size_t byte = 0; byte < 256; ++byte)
    add_token(byte_tokens_[byte], std::string(1, static_cast<char>(byte)));
  for (const BpeMerge& merge : merges_) {
    for (int32_t part : {merge.left, merge.right})
      GPT_REQUIRE(part >= 0 && part < vocabulary_size() && !token_bytes(part).empty(),
                  "the merge of {} and {} comes before the merge that makes {}", merge.left, merge.right,
                  part);
    const auto rank = static_cast<int32_t>(rank_of_.size());
    const bool is_new = rank_of_.emplace(pair_key(merge.left, merge.right), rank).second;
    GPT_REQUIRE(is_new, "{} and {} are merged twice", merge.left, merge.right);
    add_token(merge.token,
              token_bytes_[static_cast<size_t>(merge.left)] + token_bytes_[static_cast<size_t>(merge.right)]);
  }
  for (const auto& [name, token] : special_tokens_) {
    GPT_REQUIRE(!name.empty(), "special token {} has no name", token);
    add_token(token, name);
  }
}

void BpeTokenizer::add_token(int32_t token, std::string bytes) {
  GPT_REQUIRE(token >= 0 && token < vocabulary_size(), "token {} does not fit in a vocabulary of {}", token,
              vocabulary_size());
  std::string& place = token_bytes_[static_cast<size_t>(token)];
  GPT_REQUIRE(place.empty(), "token {} has two meanings", token);
  place = std::move(bytes);
}

int32_t BpeTokenizer::merge_rank(int32_t left, int32_t right) const {
  const auto found = rank_of_.find(pair_key(left, right));
  return found == rank_of_.end() ? -1 : found->second;
}

std::string_view BpeTokenizer::token_bytes(int32_t token) const {
  GPT_CHECK(token >= 0 && token < vocabulary_size(), "token {} in a vocabulary of {}", token,
            vocabulary_size());
  return token_bytes_[static_cast<size_t>(token)];
}

std::optional<int32_t> BpeTokenizer::end_of_text() const {
  for (const auto& [name, token] : special_tokens_)
    if (name == end_of_text_name) return token;
  return std::nullopt;
}

/// What encoding one piece needs; kept from piece to piece so that its memory is reused.
struct BpeTokenizer::Workspace {
  /// One link of the chain of tokens that a piece is at the moment.
  struct Link {
    int32_t token = 0;  // -1: merged into the link before it
    uint32_t previous = 0;
    uint32_t next = 0;
  };
  /// A merge that could be made: of the link at `position` and the one behind it.
  struct Candidate {
    int32_t rank = 0;
    uint32_t position = 0;
    auto operator<=>(const Candidate&) const = default;  // the earliest merge first, then the leftmost place
  };
  std::vector<Link> chain;
  std::vector<Candidate> heap;  // the smallest on top
};

// [encode_piece]
void BpeTokenizer::encode_piece(std::string_view piece, Workspace& work, std::vector<int32_t>& tokens) const {
  auto& [chain, heap] = work;
  const auto end = static_cast<uint32_t>(piece.size());
  chain.clear();
  heap.clear();
  const auto consider = [&](uint32_t position) {
    const uint32_t next = chain[position].next;
    if (next == end) return;
    const int32_t rank = merge_rank(chain[position].token, chain[next].token);
    if (rank < 0) return;
    heap.push_back({rank, position});
    std::push_heap(heap.begin(), heap.end(), std::greater<>());
  };

  for (uint32_t i = 0; i < end; ++i)
    chain.push_back({byte_tokens_[static_cast<uint8_t>(piece[i])], i - 1, i + 1});
  for (uint32_t i = 0; i < end; ++i) consider(i);

  while (!heap.empty()) {
    const auto [rank, position] = heap.front();
    std::pop_heap(heap.begin(), heap.end(), std::greater<>());
    heap.pop_back();
    // An entry outlives its pair when a merge nearby took one half: then the tokens no longer are the
    // merge's.
    const BpeMerge& merge = merges_[static_cast<size_t>(rank)];
    const uint32_t next = chain[position].next;
    if (chain[position].token != merge.left || next == end || chain[next].token != merge.right) continue;
    chain[position].token = merge.token;
    chain[position].next = chain[next].next;
    chain[next].token = -1;
    if (chain[next].next != end) chain[chain[next].next].previous = position;
    if (position != 0) consider(chain[position].previous);
    consider(position);
  }
  for (uint32_t at = 0; at != end; at = chain[at].next) tokens.push_back(chain[at].token);
}
// [/encode_piece]

std::vector<int32_t> BpeTokenizer::encode(std::string_view text) const {
  std::vector<int32_t> tokens;
  tokens.reserve(text.size() / 3);
  Workspace work;
  for_each_piece(splitting_rule_, text, [&](std::string_view piece) { encode_piece(piece, work, tokens); });
  return tokens;
}

nlohmann::json BpeTokenizer::to_json() const {
  auto merges = nlohmann::json::array();
  for (const BpeMerge& merge : merges_) merges.push_back({merge.left, merge.right, merge.token});
  auto special = nlohmann::json::array();
  for (const auto& [name, token] : special_tokens_) special.push_back({{"name", name}, {"token", token}});
  return {{"bytes", byte_tokens_}, {"merges", merges}, {"special", special}};
}

BpeTokenizer BpeTokenizer::from_json(const nlohmann::json& json) {
  std::vector<BpeMerge> merges;
  for (const auto& merge : json.at("merges")) merges.push_back({merge.at(0), merge.at(1), merge.at(2)});
  std::vector<std::pair<std::string, int32_t>> special;
  for (const auto& token : json.at("special")) special.emplace_back(token.at("name"), token.at("token"));
  return BpeTokenizer(json.at("bytes").get<std::array<int32_t, 256>>(), std::move(merges),
                      std::move(special));
}

}  // namespace gpt
