#include "exercises/04_text/tiny_bpe.hpp"

#include "exercises/todo.hpp"

namespace gpt {

std::map<std::pair<int32_t, int32_t>, int64_t> count_pairs(const std::vector<int32_t>& tokens) {
  todo("one pass over neighbours");
}

std::vector<int32_t> merge_pair(const std::vector<int32_t>& tokens, int32_t left, int32_t right,
                                int32_t token) {
  todo("one pass from left to right; after a merge go on behind it");
}

std::vector<std::pair<int32_t, int32_t>> train_tiny_bpe(std::vector<int32_t> tokens, int merges) {
  todo("count, choose, merge, as often as asked");
}

}  // namespace gpt
