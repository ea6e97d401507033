#include "15_sharding/owners.hpp"

#include <algorithm>
#include <vector>

#include "09_averaging/reduce.hpp"
#include "13_compression/tournament.hpp"
#include "15_sharding/paged_memory.hpp"

namespace gpt {
namespace {

constexpr int64_t chunk = 1 << 17;  // elements of a part that travel at a time: so little scratch is needed

/// The elements of a part from its element `begin` on, a chunk at most.
Part chunk_of(const Part& part, int64_t begin) {
  const int64_t from = std::min(part.from + begin, part.to);
  return {from, std::min(from + chunk, part.to)};
}

Tensor cut(const Tensor& row, const Part& part) {
  return row.slice(0, part.from, part.to);
}

/// An exchange in which one side may have nothing to say.
void exchange(Communicator& group, const Tensor& sent, const Tensor& received, int other) {
  if (sent.elements() > 0 && received.elements() > 0)
    group.exchange(sent, received, other);
  else if (sent.elements() > 0)
    group.send(sent, other);
  else if (received.elements() > 0)
    group.receive(received, other);
}

// [neighbours_first]
/// The terms, one for each rank, are added up in the first of them; the others are used up.
void add_neighbours_first(std::vector<Tensor> terms) {
  for (; terms.size() > 1; terms.resize((terms.size() + 1) / 2))
    for (size_t i = 0; i < terms.size(); i += 2) {
      if (i + 1 < terms.size())
        reduce_pair(terms[i].dtype(), terms[i + 1].bytes_data(), terms[i].bytes_data(), terms[i].elements(),
                    ReduceOp::sum);
      terms[i / 2] = terms[i];
    }
}
// [/neighbours_first]

}  // namespace

// [reduce]
void reduce_to_owners(Communicator& group, const Tensor& row, const Partition& partition, size_t u) {
  const int p = group.size(), me = group.rank();
  if (p == 1) return;
  const Part mine = partition.part(u, me);
  int64_t longest = 0;
  for (int rank = 0; rank < p; ++rank) longest = std::max(longest, partition.part(u, rank).elements());
  const Tensor arrived({p, std::min(chunk, mine.elements())}, row.dtype());
  for (int64_t begin = 0; begin < longest; begin += chunk) {
    const Tensor here = cut(row, chunk_of(mine, begin));
    std::vector<Tensor> terms(static_cast<size_t>(p), here);
    for (int round = 0; round < tournament_rounds(p); ++round) {
      const int other = partner_of(me, round, p);
      if (other == me) continue;
      Tensor& term = terms[static_cast<size_t>(other)];
      term = arrived.select(0, other).slice(0, 0, here.elements());
      exchange(group, cut(row, chunk_of(partition.part(u, other), begin)), term, other);
    }
    if (here.elements() == 0) continue;
    add_neighbours_first(terms);
    if (me != 0) here.copy_from(terms[0]);
  }
}
// [/reduce]

// [gather]
void gather_from_owners(Communicator& group, const Tensor& row, const Partition& partition, size_t u) {
  const int p = group.size(), me = group.rank();
  for (int round = 0; round < tournament_rounds(p); ++round)
    if (const int other = partner_of(me, round, p); other != me)
      exchange(group, cut(row, partition.part(u, me)), cut(row, partition.part(u, other)), other);
}
// [/gather]

void give_back_others(const Tensor& row, const Partition& partition, size_t u, int rank) {
  const Part unit = partition.unit(u), mine = partition.part(u, rank);
  give_back(cut(row, {unit.from, mine.from}));
  give_back(cut(row, {mine.to, unit.to}));
}

}  // namespace gpt
