#include "15_sharding/memory_plan.hpp"

#include <algorithm>

#include "13_compression/wire_counter.hpp"
#include "15_sharding/layer_gatherer.hpp"

namespace gpt {
namespace {

constexpr int number = 4;  // bytes of an f32

}  // namespace

// [held]
HeldBytes held_bytes(int stage, int64_t elements, int ranks, bool bf16_copy) {
  const auto psi = static_cast<double>(elements), share = psi / ranks;
  return {.parameters = (bf16_copy ? 6 : 4) * (stage >= 3 ? share : psi),
          .gradients = 4 * (stage >= 2 ? share : psi),
          .moments = 8 * (stage >= 1 ? share : psi)};
}
// [/held]

HeldBytes peak_bytes(int stage, const Partition& partition, int rank, bool bf16_copy) {
  HeldBytes bytes = held_bytes(stage, partition.size(), partition.ranks(), bf16_copy);
  const auto others = [&](size_t u) {
    return static_cast<double>(partition.unit(u).elements() - partition.part(u, rank).elements());
  };
  const size_t layers = partition.units() - 1;
  double largest = 0;  // of two layers that follow each other
  for (size_t u = 0; u < layers; ++u)
    largest = std::max(largest, others(u) + (u + 1 < layers ? others(u + 1) : 0));
  if (stage >= 2) bytes.gradients += number * (others(layers) + largest);
  if (stage == 3) {
    const double at_the_tables = others(layers) + std::max(others(0), layers > 0 ? others(layers - 1) : 0);
    bytes.parameters += (bf16_copy ? 6 : 4) * std::max(largest, at_the_tables);
  }
  return bytes;
}

// [sent]
int64_t sent_bytes(int stage, const Partition& partition, int rank) {
  const int p = partition.ranks();
  if (stage == 0) return all_reduce_bytes(number * partition.size(), p);
  int64_t elements = 0;
  for (size_t u = 0; u < partition.units(); ++u) {
    elements += partition.unit(u).elements() - partition.part(u, rank).elements();  // to their owners
    if (stage < 3) elements += (p - 1) * partition.part(u, rank).elements();        // to all others
  }
  if (stage == 3) {
    const auto layers = static_cast<int64_t>(partition.units()) - 1;
    for (const size_t u : visits_of_pass(layers)) elements += (p - 1) * partition.part(u, rank).elements();
    elements -= (p - 1) * partition.part(0, rank).elements();  // the last layer stays until its backward pass
    // With one layer, it also stays beside the tables, which are both here all the time.
    if (layers == 1) elements -= (p - 1) * partition.part(1, rank).elements();
  }
  return number * elements;
}
// [/sent]

}  // namespace gpt
