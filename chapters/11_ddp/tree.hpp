#pragma once
// Sums in one fixed binary tree, whoever computes which part of it.
//
//        +              With floating-point numbers (a + b) + c need not be a + (b + c), so a sum has the
//        same
//      /   \            bits on any number of ranks only when the additions are the same ones. The leaves of
//     +     +           the tree are micro-batches. With one rank all additions happen there; with two, the
//    / \   / \          last one happens between them; with four, each rank has one leaf here. The tree is
//    the
//   0   1 2   3         same. (a + b and b + a have the same bits, so a pair may add in either order.)

#include <span>
#include <vector>

#include "09_averaging/communicator.hpp"

namespace gpt {

/// Neighbours first: ((x0 + x1) + (x2 + x3)) + …; one that has no neighbour moves up as it is. 0 for nothing.
double tree_sum(std::span<const double> values);

/// True for 1, 2, 4, 8, …
constexpr bool is_power_of_two(int64_t number) {
  return number > 0 && (number & (number - 1)) == 0;
}

/// The ranks' `values` become their sum, neighbouring ranks first. The number of ranks is a power of two, the
/// tensor flat. Collective, in the foreground of the communicator.
///
/// Each rank sends and receives 2 (N - 1) / N times the tensor, which is the least there is, in 2 log₂ N
/// messages: a reduce-scatter by recursive halving, with the partners at distance 1, 2, 4, …, then the same
/// way back as an all-gather (Rabenseifner, 2004, with the distances in this order).
void tree_all_reduce(Communicator& communicator, const Tensor& values);

/// The subtree of one rank: gradient buffers come one after the other, and are added as a binary counter
/// counts: two neighbours make a pair, two pairs a four. So log₂(leaves) buffers are kept, not all leaves.
class TreeSum {
 public:
  /// `leaves`, a power of two, gather in `buffer` (a flat tensor) one after the other.
  TreeSum(Tensor buffer, int64_t leaves);

  /// The buffer holds a leaf that is not the last: it is taken into the sums, and the buffer is zero again.
  void take();
  /// The elements from … to-1 of the buffer hold those of the last leaf; they become the sum over all leaves.
  void complete(int64_t from, int64_t to) const;
  /// Every element was completed: the next leaf is the first of a new sum.
  void restart() { taken_ = 0; }

  int64_t taken() const { return taken_; }
  int64_t leaves() const { return leaves_; }

 private:
  Tensor buffer_;
  int64_t leaves_;
  int64_t taken_ = 0;
  std::vector<Tensor> sums_;  // sums_[k]: the sum of 2^k leaves, where bit k of taken_ is set
};

}  // namespace gpt
