// Says: ranks wait for each other
#include "exercises/10_collectives/ring_sum.hpp"

namespace gpt {

void ring_sum(const PointToPoint& group, const Tensor& row) {
  const int p = group.size(), right = (group.rank() + 1) % p, left = (group.rank() + p - 1) % p;
  const auto part = [&](int index) { return part_of(row, (index % p + p) % p, p); };
  for (int step = 0; step < p - 1; ++step) {
    const Tensor sum = part(group.rank() - step - 1);
    const Tensor received(sum.shape());
    group.receive(received, left);
    group.send(part(group.rank() - step), right);
    for (int64_t i = 0; i < sum.elements(); ++i) sum.data<float>()[i] += received.data<float>()[i];
  }
}

}  // namespace gpt
