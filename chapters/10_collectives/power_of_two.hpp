#pragma once
// Partners at distance 1, 2, 4, … need a power of two of ranks. What to do with the others.

#include <vector>

#include "10_collectives/collectives.hpp"

namespace gpt {

// [fold]
/// Runs all_reduce(smaller group, row) with as many ranks as the largest power of two has. Of n = 2^k + x
/// ranks, the first 2x form pairs: the even one hands its row to the odd one, which adds it, takes part for
/// both, and hands the result back (Thakur, Rabenseifner and Gropp 2005, section 4.4).
template <class AllReduce>
void with_power_of_two(const PointToPoint& group, const Tensor& row, ReduceOp op, AllReduce&& all_reduce) {
  int power = 1;
  while (2 * power <= group.size()) power *= 2;
  const int paired = 2 * (group.size() - power), rank = group.rank();

  std::vector<int> members;  // in order of rank: neighbouring ranks stay neighbours
  for (int r = 0; r < group.size(); ++r)
    if (r >= paired || r % 2 == 1) members.push_back(r);

  if (rank < paired && rank % 2 == 0) {
    group.send(row, rank + 1);
    group.receive(row, rank + 1);
    return;
  }
  if (rank < paired) {
    const Tensor theirs(row.shape(), row.dtype());
    group.receive(theirs, rank - 1);
    combine(theirs, row, row, op);
  }
  all_reduce(group.subgroup(members), row);
  if (rank < paired) group.send(row, rank - 1);
}
// [/fold]

}  // namespace gpt
