#include "09_averaging/splits.hpp"

#include <numeric>
#include <utility>

#include "01_tensors/philox.hpp"
#include "common/check.hpp"

namespace gpt {
namespace {

/// 0 … n-1 in random order, by Fisher and Yates (1938): the last place gets one of all, the place before it
/// one of the rest, and so on; all n! orders are equally likely.
std::vector<int64_t> shuffled(int64_t n, uint64_t seed) {
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  const RandomStream random(seed, RandomUse::data_order);
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i, i)]);
  return order;
}

}  // namespace

// [shard]
std::vector<int64_t> shard(Split split, int64_t samples, int workers, int worker, uint64_t seed) {
  GPT_CHECK(samples >= 0 && 0 <= worker && worker < workers, "worker {} of {}, {} samples", worker, workers,
            samples);
  std::vector<int64_t> mine;
  if (split == Split::line) {
    for (int64_t i = worker; i < samples; i += workers) mine.push_back(i);
    return mine;
  }
  // The borders between blocks are those of n/N rounded down, so no two blocks differ by more than one.
  const int64_t first = samples * worker / workers, last = samples * (worker + 1) / workers;
  if (split == Split::block) {
    for (int64_t i = first; i < last; ++i) mine.push_back(i);
    return mine;
  }
  const std::vector<int64_t> order = shuffled(samples, seed);
  return {order.begin() + first, order.begin() + last};
}
// [/shard]

std::string_view name_of(Split split) {
  switch (split) {
    case Split::block:
      return "block";
    case Split::line:
      return "line";
    case Split::random:
      return "random";
  }
  return "?";
}

}  // namespace gpt
