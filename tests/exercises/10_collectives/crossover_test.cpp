#include "exercises/10_collectives/crossover.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace gpt {
namespace {

double tree(int p, double n, double alpha, double beta) {
  return 2 * std::ceil(std::log2(p)) * (alpha + beta * n);
}
double ring(int p, double n, double alpha, double beta) {
  return 2 * (p - 1) * alpha + 2 * (p - 1.0) / p * beta * n;
}

TEST(RingBeatsTree, WhereBothTakeAsLong) {
  for (const int p : {3, 4, 5, 7, 8, 64, 100})
    for (const double beta : {1e-9, 8e-9}) {
      const double alpha = 2e-5, n = ring_beats_tree_from(p, alpha, beta);
      EXPECT_NEAR(tree(p, n, alpha, beta) / ring(p, n, alpha, beta), 1, 1e-9)
          << p << " ranks, at " << n
          << " bytes: ⌈log2 p⌉ rounds, rounded up, each with the whole row; p - 1 messages, each with "
          << "the p-th part of it";
    }
}

TEST(RingBeatsTree, OfAWorkedExample) {
  // 4 ranks, α 20 µs, 1 Gbit/s: (3 - 2) α / ((2 - 3/4) β) = 20 µs / 10 ns.
  EXPECT_NEAR(ring_beats_tree_from(4, 20e-6, 8e-9), 2000, 1e-6);
}

TEST(PiecesInAChain, IsTheBestOfAll) {
  for (const int p : {2, 3, 8, 64})
    for (const double bytes : {1e2, 1e5, 1e7}) {
      const double alpha = 2e-5, beta = 8e-9;
      const auto seconds = [&](double k) { return (p - 2 + k) * (alpha + beta * bytes / k); };
      int64_t best = 1;
      for (int64_t k = 2; k <= 3000; ++k)
        if (seconds(static_cast<double>(k)) < seconds(static_cast<double>(best))) best = k;
      EXPECT_EQ(best_pieces_in_a_chain(p, bytes, alpha, beta), best)
          << p << " ranks, " << bytes << " bytes: k = √((p - 2) β n / α), or its neighbour, and at least 1";
    }
}

}  // namespace
}  // namespace gpt
