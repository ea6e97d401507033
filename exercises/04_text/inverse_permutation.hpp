#pragma once

#include <cstdint>
#include <functional>

namespace gpt {

/// A keyed function of a half and a round, as in 04_text/permutation.hpp: any function, not reversible.
using Mix = std::function<uint64_t(uint64_t half, int round)>;

/// Six rounds of a Feistel network over numbers of 2h bits, exactly as Permutation::network(): in each round
/// the halves (left, right) become (right, left ^ (mix(right, round) & mask)).
uint64_t feistel(uint64_t x, int half_bits, const Mix& mix);

/// The reverse: unfeistel(feistel(x)) = x.
uint64_t unfeistel(uint64_t y, int half_bits, const Mix& mix);

/// Given a number below n that cycle walking has reached from some i < n (feistel again and again until the
/// result is below n), finds i.
uint64_t walk_back(uint64_t y, uint64_t n, int half_bits, const Mix& mix);

}  // namespace gpt
