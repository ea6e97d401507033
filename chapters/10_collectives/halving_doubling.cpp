// Rabenseifner's algorithm (2004): a reduce-scatter by halves, then an all-gather by doubles.
//
// With 4 ranks and a row of four parts, what each rank still answers for, and then what it has whole:
//
//   rank     distance 2   distance 1        distance 1   distance 2
//   0        0 1          0                 0 1          0 1 2 3
//   1        0 1            1               0 1          0 1 2 3
//   2            2 3          2                 2 3      0 1 2 3
//   3            2 3            3               2 3      0 1 2 3

#include <utility>

#include "10_collectives/power_of_two.hpp"

namespace gpt {

// [halving]
void halving_doubling_all_reduce(const PointToPoint& whole_group, const Tensor& whole_row, ReduceOp op) {
  with_power_of_two(whole_group, whole_row, op, [&](const PointToPoint& group, const Tensor& row) {
    Tensor mine = row;                              // what this rank still answers for
    std::vector<std::pair<Tensor, Tensor>> halves;  // per round: what was kept, what was given away
    for (int distance = group.size() / 2; distance >= 1; distance /= 2) {
      const int partner = group.rank() ^ distance;
      const bool lower = group.rank() < partner;
      const Tensor kept = part_of(mine, lower ? 0 : 1, 2), given = part_of(mine, lower ? 1 : 0, 2);
      const Tensor theirs(kept.shape(), kept.dtype());
      group.exchange(given, partner, theirs, partner);
      if (lower)
        combine(kept, theirs, kept, op);
      else
        combine(theirs, kept, kept, op);
      halves.emplace_back(kept, given);
      mine = kept;
    }
    finish_average(mine, op, whole_group.size());
    for (int distance = 1; distance < group.size(); distance *= 2) {  // the same partners, backwards
      const auto& [kept, given] = halves.back();
      group.exchange(kept, group.rank() ^ distance, given, group.rank() ^ distance);
      halves.pop_back();
    }
  });
}
// [/halving]

}  // namespace gpt
