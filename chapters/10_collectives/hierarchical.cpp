// Two levels: memory inside a host is faster than the wire between hosts, so a host sends its sum, not the
// rows of all its ranks.

#include <algorithm>

#include "10_collectives/collectives.hpp"

namespace gpt {

// [hierarchical]
void hierarchical_all_reduce(const PointToPoint& group, std::span<const int> hosts, const Tensor& row,
                             ReduceOp op) {
  std::vector<int> here;     // the ranks of this host
  std::vector<int> leaders;  // the first rank of each host
  for (int rank = 0; rank < group.size(); ++rank) {
    const auto r = static_cast<size_t>(rank);
    if (hosts[r] == hosts[static_cast<size_t>(group.rank())]) here.push_back(rank);
    if (std::find(hosts.begin(), hosts.begin() + rank, hosts[r]) == hosts.begin() + rank)
      leaders.push_back(rank);
  }
  const PointToPoint host = group.subgroup(here), between = group.subgroup(leaders);
  const ReduceOp step = op == ReduceOp::average ? ReduceOp::sum : op;  // hosts are of unequal size

  tree_reduce(host, row, step, 0);
  if (between.rank() >= 0) {
    ring_all_reduce(between, row, step);
    finish_average(row, op, group.size());
  }
  tree_broadcast(host, row, 0);
}
// [/hierarchical]

}  // namespace gpt
