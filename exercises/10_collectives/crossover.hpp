#pragma once

#include <cstdint>

namespace gpt {

/// The bytes n of a row from which on the ring all-reduce is faster than the binomial tree, on p > 2 ranks,
/// in the α–β model of the lesson (γ = 0): where both take as long,
///     tree: 2 ⌈log2 p⌉ (α + β n)        ring: 2 (p - 1) α + 2 (p - 1)/p β n
double ring_beats_tree_from(int p, double alpha, double beta);

/// Into how many pieces to cut a row of n bytes that goes along a *chain* of p ranks, 0 → 1 → … → p-1, so
/// that all ranks have it soonest: with k pieces the last rank has the last piece after p - 2 + k messages of
/// n / k bytes. At least 1, and of two neighbours the better one; the smaller when they are equal.
int64_t best_pieces_in_a_chain(int p, double bytes, double alpha, double beta);

}  // namespace gpt
