#include "exercises/04_text/inverse_permutation.hpp"

namespace gpt {

uint64_t feistel(uint64_t x, int half_bits, const Mix& mix) {
  const uint64_t mask = (uint64_t{1} << half_bits) - 1;
  uint64_t left = x >> half_bits, right = x & mask;
  for (int round = 0; round < 6; ++round) {
    const uint64_t mixed = left ^ (mix(right, round) & mask);
    left = right;
    right = mixed;
  }
  return left << half_bits | right;
}

uint64_t unfeistel(uint64_t y, int half_bits, const Mix& mix) {
  const uint64_t mask = (uint64_t{1} << half_bits) - 1;
  uint64_t left = y >> half_bits, right = y & mask;
  for (int round = 5; round >= 0; --round) {
    const uint64_t before = left;  // the right half went through a round unchanged, to the left
    left = right ^ (mix(before, round) & mask);
    right = before;
  }
  return left << half_bits | right;
}

uint64_t walk_back(uint64_t y, uint64_t n, int half_bits, const Mix& mix) {
  do y = unfeistel(y, half_bits, mix);
  while (y >= n);
  return y;
}

}  // namespace gpt
