// Says: an index past the end of a std::vector
#include "exercises/04_text/tiny_bpe.hpp"

namespace gpt {

std::map<std::pair<int32_t, int32_t>, int64_t> count_pairs(const std::vector<int32_t>& tokens) {
  std::map<std::pair<int32_t, int32_t>, int64_t> counts;
  for (size_t i = 0; i + 1 < tokens.size(); ++i) ++counts[{tokens[i], tokens[i + 1]}];
  return counts;
}

std::vector<int32_t> merge_pair(const std::vector<int32_t>& tokens, int32_t left, int32_t right,
                                int32_t token) {
  std::vector<int32_t> merged;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] == left && tokens[i + 1] == right) {
      merged.push_back(token);
      ++i;  // its right half is used up
    } else {
      merged.push_back(tokens[i]);
    }
  }
  return merged;
}

std::vector<std::pair<int32_t, int32_t>> train_tiny_bpe(std::vector<int32_t> tokens, int merges) {
  std::vector<std::pair<int32_t, int32_t>> learned;
  for (int step = 0; step < merges; ++step) {
    std::pair<int32_t, int32_t> best;
    int64_t most = 1;
    for (const auto& [pair, count] :
         count_pairs(tokens))  // a map is in order: of equal counts the first stays
      if (count > most) best = pair, most = count;
    if (most < 2) break;
    tokens = merge_pair(tokens, best.first, best.second, 256 + step);
    learned.push_back(best);
  }
  return learned;
}

}  // namespace gpt
