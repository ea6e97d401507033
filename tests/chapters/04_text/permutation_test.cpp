#include "04_text/permutation.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace gpt {
namespace {

std::vector<int64_t> all_of(int64_t n, uint64_t seed, uint64_t epoch) {
  const Permutation permutation(n, seed, epoch);
  std::vector<int64_t> order;
  for (int64_t i = 0; i < n; ++i) order.push_back(permutation(i));
  return order;
}

TEST(Permutation, HitsEveryNumberOnceForEverySize) {
  std::vector<int64_t> sizes = {4095, 4096, 4097, 65535, 65536, 65537, 100003};
  for (int64_t n = 1; n <= 300; ++n) sizes.push_back(n);
  for (int64_t n : sizes) {
    std::vector<int> hits(static_cast<size_t>(n));
    for (int64_t x : all_of(n, 1, 2)) {
      ASSERT_GE(x, 0);
      ASSERT_LT(x, n);
      ++hits[static_cast<size_t>(x)];
    }
    EXPECT_EQ(hits, std::vector<int>(static_cast<size_t>(n), 1)) << "n = " << n;
  }
}

TEST(Permutation, DependsOnSeedAndEpochAlone) {
  EXPECT_EQ(all_of(1000, 1, 2), all_of(1000, 1, 2));
  EXPECT_NE(all_of(1000, 1, 2), all_of(1000, 1, 3));
  EXPECT_NE(all_of(1000, 1, 2), all_of(1000, 2, 2));
}

TEST(Permutation, HugeSizesNeedNoMemory) {
  const int64_t n = (int64_t{1} << 61) + 1;
  const Permutation permutation(n, 1, 0);
  EXPECT_NE(permutation(0), permutation(n - 1));
  EXPECT_THROW(permutation(n), Error);
  EXPECT_THROW(Permutation(0, 1, 0), Error);
}

/// For random permutations, how often number x stands at place i is about the same for all (i, x). With 5,000
/// epochs of 8 things each of the 64 counts is 625 ± 23; a statistic beyond 120 at 49 degrees of freedom has
/// a chance of 1 in 10 million.
TEST(Permutation, EveryNumberStandsEverywhereEquallyOften) {
  constexpr int n = 8, epochs = 5000;
  double counts[n][n] = {};
  for (int epoch = 0; epoch < epochs; ++epoch) {
    const auto order = all_of(n, 42, static_cast<uint64_t>(epoch));
    for (size_t i = 0; i < n; ++i) counts[i][order[i]] += 1;
  }
  double statistic = 0;
  const double expected = static_cast<double>(epochs) / n;
  for (auto& row : counts)
    for (double count : row) statistic += (count - expected) * (count - expected) / expected;
  EXPECT_LT(statistic, 120);
}

}  // namespace
}  // namespace gpt
