#include "04_text/bpe_training.hpp"

#include <numeric>
#include <queue>
#include <unordered_set>

#include "04_text/gpt2_split.hpp"
#include "common/check.hpp"

namespace gpt {
namespace {

/// A piece of the text as tokens, and how often it occurs. Equal pieces always merge alike, so each is kept
/// once.
struct Word {
  std::vector<int32_t> tokens;
  int64_t count = 0;
};

std::vector<Word> count_words(std::string_view text) {
  std::vector<Word> words;
  std::unordered_map<std::string_view, size_t> index;
  for_each_piece(gpt2_splitting_rule(), text, [&](std::string_view piece) {
    const auto [place, is_new] = index.emplace(piece, words.size());
    if (is_new) {
      Word& word = words.emplace_back();
      for (char c : piece) word.tokens.push_back(static_cast<uint8_t>(c));
    }
    ++words[place->second].count;
  });
  return words;
}

/// A pair and how often it occurred when this entry was made.
struct Candidate {
  int64_t count = 0;
  uint64_t pair = 0;
  bool operator<(const Candidate& other) const {  // "is a worse choice than"
    return count != other.count ? count < other.count : pair > other.pair;
  }
};

/// How often each pair occurs, kept right while words change.
class PairCounts {
 public:
  explicit PairCounts(std::vector<Word> words) : words_(std::move(words)) {
    for (size_t w = 0; w < words_.size(); ++w) add_pairs(w, +1);
    push_changed();
  }

  /// The most frequent pair, the smallest of equals; a count of 0 when there is none.
  Candidate best() {
    while (!heap_.empty()) {
      const Candidate top = heap_.top();
      const int64_t count = pairs_[top.pair].count;
      if (count == top.count) return top;
      heap_.pop();  // it has changed since: a rise was pushed then, a fall is put in its place now
      if (count > 0 && count < top.count) heap_.push({count, top.pair});
    }
    return {};
  }

  // [merge]
  /// Replaces the pair by the token in every word that has it; only these words are counted again.
  void merge(const BpeMerge& merge) {
    const auto affected = std::move(pairs_[pair_key(merge.left, merge.right)].words);
    for (size_t w : affected) {
      add_pairs(w, -1);
      auto& tokens = words_[w].tokens;
      size_t kept = 0;
      for (size_t i = 0; i < tokens.size(); ++i) {
        const bool here = i + 1 < tokens.size() && tokens[i] == merge.left && tokens[i + 1] == merge.right;
        tokens[kept++] = here ? merge.token : tokens[i];
        if (here) ++i;
      }
      tokens.resize(kept);
      add_pairs(w, +1);
    }
    push_changed();
  }
  // [/merge]

 private:
  struct Pair {
    int64_t count = 0;
    std::unordered_set<size_t> words;  // where it occurs, or did
  };

  void add_pairs(size_t w, int64_t sign) {
    const Word& word = words_[w];
    for (size_t i = 0; i + 1 < word.tokens.size(); ++i) {
      const uint64_t key = pair_key(word.tokens[i], word.tokens[i + 1]);
      Pair& pair = pairs_[key];
      pair.count += sign * word.count;
      if (sign > 0) {
        pair.words.insert(w);
        changed_.insert(key);
      }
    }
  }

  void push_changed() {
    for (uint64_t key : changed_) heap_.push({pairs_[key].count, key});
    changed_.clear();
  }

  std::vector<Word> words_;
  std::unordered_map<uint64_t, Pair> pairs_;
  std::priority_queue<Candidate> heap_;  // has each pair with at least its present count
  std::unordered_set<uint64_t> changed_;
};

}  // namespace

// [train]
BpeTokenizer train_bpe(std::string_view text, int32_t vocabulary_size,
                       const std::function<void(const BpeTrainingStep&)>& watch) {
  GPT_REQUIRE(vocabulary_size >= 257,
              "a BPE vocabulary needs at least 257 tokens (256 bytes and {}), {} are too few",
              end_of_text_name, vocabulary_size);
  std::array<int32_t, 256> byte_tokens{};
  std::iota(byte_tokens.begin(), byte_tokens.end(), 0);
  PairCounts counts(count_words(text));
  std::vector<BpeMerge> merges;
  int32_t next_token = 256;
  while (next_token + 1 < vocabulary_size) {  // one number is for <|endoftext|>
    const Candidate best = counts.best();
    if (best.count < 2) break;
    const BpeMerge merge = {static_cast<int32_t>(best.pair >> 32),
                            static_cast<int32_t>(best.pair & 0xFFFFFFFF), next_token++};
    counts.merge(merge);
    merges.push_back(merge);
    if (watch) watch({merge, best.count});
  }
  return BpeTokenizer(byte_tokens, std::move(merges), {{std::string(end_of_text_name), next_token}});
}
// [/train]

}  // namespace gpt
