// What anybody would write first: one rank gathers everything, adds, and tells all the others. Its link
// carries n-1 times the message, twice, while the others wait.

#include <algorithm>
#include <vector>

#include "09_averaging/reduce.hpp"
#include "10_collectives/collectives.hpp"

namespace gpt {

// [gather]
void gather(const PointToPoint& group, const Tensor& whole, const Tensor& part, int root) {
  if (group.rank() != root) return group.send(part, root);
  for (int rank = 0; rank < group.size(); ++rank) {
    const Tensor place = part_of(whole, rank, group.size());
    if (rank != root)
      group.receive(place, rank);
    else if (place.bytes_data() != part.bytes_data())
      place.copy_from(part);
  }
}
// [/gather]

// [naive]
void naive_all_reduce(const PointToPoint& group, const Tensor& row, ReduceOp op) {
  constexpr int64_t piece = 1 << 18;  // elements: rank 0 has no room for n times a long row
  for (int64_t from = 0; from < row.elements(); from += piece) {
    const Tensor mine = row.slice(0, from, std::min(from + piece, row.elements()));
    if (group.rank() != 0) {
      group.send(mine, 0);
      continue;
    }
    const Tensor all({group.size() * mine.elements()}, row.dtype());
    gather(group, all, mine, 0);
    std::vector<Tensor> rows;
    for (int rank = 0; rank < group.size(); ++rank) rows.push_back(part_of(all, rank, group.size()));
    reduce(rows, op, std::vector{mine});
  }
  for (int rank = 1; rank < group.size(); ++rank) {
    if (group.rank() == 0) group.send(row, rank);
    if (group.rank() == rank) group.receive(row, 0);
  }
}
// [/naive]

}  // namespace gpt
