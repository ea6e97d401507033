#include "exercises/10_collectives/rooted_reduce.hpp"

namespace gpt {

void rooted_reduce(const PointToPoint& group, const Tensor& row, int root) {
  const int p = group.size(), me = (group.rank() - root + p) % p;  // the root is number 0
  const auto rank_of = [&](int number) { return (number + root) % p; };
  for (int distance = 1; distance < p; distance *= 2) {
    if (me % (2 * distance) != 0) {  // my numbers, and those that I have gathered, go on; and I am done
      group.send(row, rank_of(me - distance));
      return;
    }
    if (me + distance >= p) continue;  // there is nobody at that distance
    const Tensor theirs(row.shape());
    group.receive(theirs, rank_of(me + distance));
    for (int64_t i = 0; i < row.elements(); ++i) row.data<float>()[i] += theirs.data<float>()[i];
  }
}

}  // namespace gpt
