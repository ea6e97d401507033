#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace gpt {

/// How often each pair of neighbours occurs; aaa has the pair aa twice.
std::map<std::pair<int32_t, int32_t>, int64_t> count_pairs(const std::vector<int32_t>& tokens);

/// Every `left` that stands before a `right` becomes, with it, one `token`; from left to right, each token
/// used once: with aa → X, aaa becomes Xa.
std::vector<int32_t> merge_pair(const std::vector<int32_t>& tokens, int32_t left, int32_t right,
                                int32_t token);

/// Learns `merges` merges of bytes (0 … 255): each step merges the most frequent pair, of equally frequent
/// ones the one with the smallest left, then the smallest right token, into token 256, 257, … Ends early when
/// no pair occurs twice. Returns the pairs.
std::vector<std::pair<int32_t, int32_t>> train_tiny_bpe(std::vector<int32_t> tokens, int merges);

}  // namespace gpt
