#include "10_collectives/cost_model.hpp"

#include <bit>
#include <cmath>
#include <limits>

#include "10_collectives/shared_memory.hpp"
#include "common/check.hpp"

namespace gpt {
namespace {

/// `path` on the largest power of two ≤ p, with the ranks above it folded in before and out behind.
template <class Path>
CriticalPath folded(int ranks, double n, Path&& path) {
  const int q = static_cast<int>(std::bit_floor(static_cast<unsigned>(ranks)));
  CriticalPath result = path(q);
  if (q < ranks) {
    result.messages += 2;
    result.bytes += 2 * n;
    result.reduced += n;
  }
  return result;
}

}  // namespace

int rounds_of(int ranks) {
  GPT_CHECK(ranks >= 1, "{} ranks", ranks);
  return static_cast<int>(std::bit_width(static_cast<unsigned>(ranks - 1)));
}

// [path]
CriticalPath all_reduce_path(AllReduceAlgorithm algorithm, int ranks, double n) {
  GPT_CHECK(ranks >= 1 && n >= 0.0, "{} bytes on {} ranks", n, ranks);
  const double p = ranks, rounds = rounds_of(ranks);
  switch (algorithm) {
    case AllReduceAlgorithm::naive:  // rank 0 receives p-1 times, and sends p-1 times
      return {.messages = 2 * (p - 1), .bytes = 2 * (p - 1) * n, .reduced = (p - 1) * n};
    case AllReduceAlgorithm::tree:  // ⌈lb p⌉ rounds up, and as many down
      return {.messages = 2 * rounds, .bytes = 2 * rounds * n, .reduced = rounds * n};
    case AllReduceAlgorithm::ring:  // p-1 steps of reduce-scatter, p-1 of all-gather, with 1/p of the bytes
      return {.messages = 2 * (p - 1), .bytes = 2 * (p - 1) / p * n, .reduced = (p - 1) / p * n};
    case AllReduceAlgorithm::recursive_doubling:  // everything to the partner, lb p times
      return folded(ranks, n, [&](int q) {
        const double k = rounds_of(q);
        return CriticalPath{.messages = k, .bytes = k * n, .reduced = k * n};
      });
    case AllReduceAlgorithm::halving_doubling:  // n/2 + n/4 + … + n/p, and back
      return folded(ranks, n, [&](int q) {
        const double share = (q - 1.0) / q;
        return CriticalPath{.messages = 2.0 * rounds_of(q), .bytes = 2 * share * n, .reduced = share * n};
      });
    case AllReduceAlgorithm::library:
    case AllReduceAlgorithm::hierarchical:
    case AllReduceAlgorithm::shared_memory:
      break;
  }
  throw Error(fmt::format("no count of messages for {}", name_of(algorithm)));
}
// [/path]

Traffic all_reduce_traffic(AllReduceAlgorithm algorithm, int ranks, double n) {
  GPT_CHECK(ranks >= 1 && n >= 0.0, "{} bytes on {} ranks", n, ranks);
  const double p = ranks;
  const double q = std::bit_floor(static_cast<unsigned>(ranks)), folds = p - q,
               k = rounds_of(static_cast<int>(q));
  switch (algorithm) {
    case AllReduceAlgorithm::naive:
    case AllReduceAlgorithm::tree:  // every rank but one sends its sum once, and receives the result once
      return {.messages = 2 * (p - 1), .bytes = 2 * (p - 1) * n};
    case AllReduceAlgorithm::ring:
      return {.messages = 2 * p * (p - 1), .bytes = 2 * (p - 1) * n};
    case AllReduceAlgorithm::recursive_doubling:
      return {.messages = q * k + 2 * folds, .bytes = (q * k + 2 * folds) * n};
    case AllReduceAlgorithm::halving_doubling:
      return {.messages = 2 * q * k + 2 * folds, .bytes = (2 * (q - 1) + 2 * folds) * n};
    case AllReduceAlgorithm::library:
    case AllReduceAlgorithm::hierarchical:
    case AllReduceAlgorithm::shared_memory:
      break;
  }
  throw Error(fmt::format("no count of messages for {}", name_of(algorithm)));
}

CriticalPath all_reduce_lower_bound(int ranks, double n) {
  GPT_CHECK(ranks >= 1 && n >= 0.0, "{} bytes on {} ranks", n, ranks);
  const double share = (ranks - 1.0) / ranks;
  return {.messages = static_cast<double>(rounds_of(ranks)), .bytes = 2 * share * n, .reduced = share * n};
}

// [predicted]
double predicted_seconds(AllReduceAlgorithm algorithm, const Cluster& cluster, double n) {
  const int q = cluster.ranks_per_host, p = cluster.ranks();
  switch (algorithm) {
    case AllReduceAlgorithm::library:
      return std::numeric_limits<double>::quiet_NaN();
    case AllReduceAlgorithm::hierarchical:  // up a tree in each host, a ring of the hosts, down the tree
      return cluster.inside.seconds(all_reduce_path(AllReduceAlgorithm::tree, q, n)) +
             cluster.between.seconds(all_reduce_path(AllReduceAlgorithm::ring, cluster.hosts, n));
    case AllReduceAlgorithm::shared_memory: {
      if (cluster.hosts > 1) return std::numeric_limits<double>::quiet_NaN();
      if (p == 1) return 0.0;
      const double meetings = n <= SharedMemory::short_bytes
                                  ? 1
                                  : 2 * std::ceil(n / static_cast<double>(SharedMemory::slot_bytes));
      return meetings * cluster.inside.alpha + 2 * p * n * cluster.memory_beta +
             (3 * p - 2) * n * cluster.cache_beta;
    }
    default:
      return (cluster.hosts > 1 ? cluster.between : cluster.inside).seconds(all_reduce_path(algorithm, p, n));
  }
}
// [/predicted]

}  // namespace gpt
