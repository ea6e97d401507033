// Says: A part that lacks numbers was not added on its whole way round
#include "exercises/10_collectives/ring_sum.hpp"

namespace gpt {

void ring_sum(const PointToPoint& group, const Tensor& row) {
  const int p = group.size(), right = (group.rank() + 1) % p, left = (group.rank() + p - 1) % p;
  const auto part = [&](int index) { return part_of(row, (index % p + p) % p, p); };

  // In step s rank r sends part r - s, to which it has just added its own numbers, and adds to part r - s
  // - 1.
  for (int step = 0; step < p - 1; ++step) {
    const Tensor sum = part(group.rank() - step - 1);
    const Tensor received(sum.shape());
    group.exchange(part(group.rank() - step), right, received, left);
    for (int64_t i = 0; i < sum.elements(); ++i) sum.data<float>()[i] += received.data<float>()[i];
  }
  // Now part r + 1 is complete on rank r. It goes once around.
  for (int step = 0; step < p - 1; ++step)
    group.exchange(part(group.rank() - step), right, part(group.rank() - step - 1), left);
}

}  // namespace gpt
