// A binomial tree: in every round, each rank that has the message tells one that has not.

#include "10_collectives/collectives.hpp"

namespace gpt {
namespace {

/// The least power of two that is at least n.
int round_up(int n) {
  int power = 1;
  while (power < n) power *= 2;
  return power;
}

/// Ranks counted from the root, so that any rank can be the root: it is 0 then.
struct Tree {
  Tree(const PointToPoint& group, int root)
      : root_(root), size(group.size()), rank((group.rank() - root + size) % size) {}
  int rank_of(int relative) const { return (relative + root_) % size; }

  int root_, size, rank;
};

}  // namespace

// [broadcast]
void tree_broadcast(const PointToPoint& group, const Tensor& row, int root) {
  const Tree tree(group, root);
  // Before the round of this distance, the ranks below it know the row: 1, then 2, then 4, …
  for (int distance = 1; distance < tree.size; distance *= 2) {
    if (tree.rank < distance && tree.rank + distance < tree.size)
      group.send(row, tree.rank_of(tree.rank + distance));
    else if (tree.rank >= distance && tree.rank < 2 * distance)
      group.receive(row, tree.rank_of(tree.rank - distance));
  }
}
// [/broadcast]

// [reduce]
void tree_reduce(const PointToPoint& group, const Tensor& row, ReduceOp op, int root) {
  const Tree tree(group, root);
  const Tensor theirs(row.shape(), row.dtype());
  // The same rounds backwards: each rank hands its sum to the one that would have told it.
  for (int distance = round_up(tree.size) / 2; distance >= 1; distance /= 2) {
    if (tree.rank >= distance && tree.rank < 2 * distance) {
      group.send(row, tree.rank_of(tree.rank - distance));
    } else if (tree.rank < distance && tree.rank + distance < tree.size) {
      group.receive(theirs, tree.rank_of(tree.rank + distance));
      combine(row, theirs, row, op);
    }
  }
  if (tree.rank == 0) finish_average(row, op, tree.size);
}
// [/reduce]

void tree_all_reduce(const PointToPoint& group, const Tensor& row, ReduceOp op) {
  tree_reduce(group, row, op, 0);
  tree_broadcast(group, row, 0);
}

}  // namespace gpt
