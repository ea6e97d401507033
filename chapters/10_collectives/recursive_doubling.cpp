// Recursive doubling: after the round of distance d, every rank has the sum over a block of 2d ranks.

#include "10_collectives/power_of_two.hpp"

namespace gpt {

// [doubling]
void recursive_doubling_all_reduce(const PointToPoint& whole_group, const Tensor& whole_row, ReduceOp op) {
  with_power_of_two(whole_group, whole_row, op, [&](const PointToPoint& group, const Tensor& row) {
    const Tensor theirs(row.shape(), row.dtype());
    for (int distance = 1; distance < group.size(); distance *= 2) {
      const int partner = group.rank() ^ distance;
      group.exchange(row, partner, theirs, partner);
      // Both partners compute the same sum. The lower block comes first on both, so the bits are the same.
      if (group.rank() < partner)
        combine(row, theirs, row, op);
      else
        combine(theirs, row, row, op);
    }
    finish_average(row, op, whole_group.size());
  });
}
// [/doubling]

}  // namespace gpt
