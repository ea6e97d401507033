#pragma once
// A random order of n things that is never written down.

#include <bit>
#include <cstdint>

#include "01_tensors/philox.hpp"
#include "common/check.hpp"

namespace gpt {

// [permutation]
/// A pseudo-random permutation of 0 … n-1, chosen by (seed, epoch): position i of the shuffled order in O(1)
/// time and memory, for any i. A Feistel network (Luby and Rackoff, 1988) permutes the numbers of 2h bits:
/// one round exchanges the halves and mixes a keyed function of one into the other, which the exchange makes
/// reversible whatever the function is. Results of n or more are sent through again, "cycle walking" (Black
/// and Rogaway, 2002), until one is below n; with 2^2h < 4n that takes fewer than four rounds on average.
class Permutation {
 public:
  Permutation(int64_t n, uint64_t seed, uint64_t epoch)
      : n_(static_cast<uint64_t>(n)), random_(seed, RandomUse::data_order, epoch) {
    GPT_CHECK(n > 0, "a permutation of {} things", n);
    half_bits_ = (std::bit_width(n_ - 1) + 1) / 2;
  }

  int64_t operator()(int64_t i) const {
    GPT_CHECK(i >= 0 && static_cast<uint64_t>(i) < n_, "position {} of {}", i, n_);
    auto x = static_cast<uint64_t>(i);
    do x = network(x);
    while (x >= n_);
    return static_cast<int64_t>(x);
  }

 private:
  uint64_t network(uint64_t x) const {
    const uint64_t mask = (uint64_t{1} << half_bits_) - 1;
    uint64_t left = x >> half_bits_, right = x & mask;
    for (uint64_t round = 0; round < 6; ++round) {
      const uint64_t mixed = left ^ (random_.bits(4 * (round << 32 | right)) & mask);
      left = right;
      right = mixed;
    }
    return left << half_bits_ | right;
  }

  uint64_t n_;
  int half_bits_;
  RandomStream random_;
};
// [/permutation]

}  // namespace gpt
