#include "01_tensors/philox.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

namespace gpt {
namespace {

using Words = std::array<uint32_t, 4>;

TEST(Philox, GivesTheKnownAnswersOfItsAuthors) {  // the file kat_vectors of their library Random123
  EXPECT_EQ(philox(0, 0, 0), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr uint64_t ones = ~uint64_t{0};
  EXPECT_EQ(philox(ones, ones, ones), (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  // The digits of π: counter 243f6a88 85a308d3 13198a2e 03707344, key a4093822 299f31d0, lowest word first.
  EXPECT_EQ(philox(0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomStream, SeedsUsesAndStreamsNeverMeet) {
  std::set<uint32_t> seen;
  size_t asked = 0;
  for (const uint64_t seed : {0u, 1u, 2u})
    for (const RandomUse use : {RandomUse::initialisation, RandomUse::data_order, RandomUse::dropout})
      for (uint64_t stream = 0; stream < 3; ++stream)
        for (uint64_t i = 0; i < 8; ++i, ++asked) seen.insert(RandomStream(seed, use, stream).bits(i));
  EXPECT_EQ(seen.size(), asked) << "of 216 words of 32 bits two are equal by chance once in 185,000 times";
}

TEST(RandomStream, UniformsFillTheirRangeEvenly) {
  const RandomStream random(3, RandomUse::example);
  constexpr int n = 160'000, bins = 16;
  std::array<int, bins> count{};
  double total = 0, square = 0;
  for (uint64_t i = 0; i < n; ++i) {
    const double u = random.uniform(i);
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    ++count[static_cast<size_t>(u * bins)];
    total += u;
    square += u * u;
  }
  double chi_square = 0;  // 15 degrees of freedom: above 37.7 once in a thousand times
  for (const int c : count) chi_square += std::pow(c - n / bins, 2) / (n / bins);
  EXPECT_LT(chi_square, 37.7);
  EXPECT_NEAR(total / n, 0.5, 4 * std::sqrt(1.0 / 12 / n));
  EXPECT_NEAR(square / n, 1.0 / 3, 4 * std::sqrt(4.0 / 45 / n));
  EXPECT_EQ(uniform_from_bits(0), 0.0f);
  EXPECT_LT(uniform_from_bits(0xFFFFFFFF), 1.0f);
}

TEST(RandomStream, NormalsHaveTheMomentsOfTheNormalDistribution) {
  const RandomStream random(3, RandomUse::example);
  constexpr int n = 200'000;
  std::array<double, 5> moment{};
  int within_one = 0;
  for (uint64_t i = 0; i < n; ++i) {
    const double x = random.normal(i);
    ASSERT_TRUE(std::isfinite(x));
    within_one += std::abs(x) < 1.0;
    for (size_t k = 1; k < moment.size(); ++k) moment[k] += std::pow(x, k) / n;
  }
  // The deviation of the k-th moment's mean over n numbers is √((m₂ₖ - mₖ²)/n), with m₂ = 1, m₄ = 3, m₆ = 15,
  // m₈ = 105.
  EXPECT_NEAR(moment[1], 0.0, 4 * std::sqrt(1.0 / n));
  EXPECT_NEAR(moment[2], 1.0, 4 * std::sqrt(2.0 / n));
  EXPECT_NEAR(moment[3], 0.0, 4 * std::sqrt(15.0 / n));
  EXPECT_NEAR(moment[4], 3.0, 4 * std::sqrt(96.0 / n));
  EXPECT_NEAR(within_one / double{n}, 0.682689, 4 * std::sqrt(0.2166 / n));
}

TEST(RandomStream, NeighboursAreNotCorrelated) {
  const RandomStream random(3, RandomUse::example), next(3, RandomUse::example, 1);
  constexpr int n = 100'000;
  double along = 0, across = 0;
  for (uint64_t i = 0; i < n; ++i) {
    along += random.normal(i) * random.normal(i + 1) / n;
    across += random.normal(i) * next.normal(i) / n;
  }
  EXPECT_NEAR(along, 0.0, 4 / std::sqrt(n));
  EXPECT_NEAR(across, 0.0, 4 / std::sqrt(n));
}

TEST(RandomStream, BelowPrefersNoNumber) {
  const RandomStream random(5, RandomUse::example);
  for (const uint64_t n : {1, 2, 3, 5, 6, 7, 10}) {
    constexpr int each = 10'000;
    std::map<uint64_t, int> count;
    for (uint64_t i = 0; i < each * n; ++i) ++count[random.below(i, n)];
    ASSERT_EQ(count.size(), n);
    ASSERT_EQ(count.rbegin()->first, n - 1);
    double chi_square = 0;  // at most 9 degrees of freedom: above 27.9 once in a thousand times
    for (const auto& [value, c] : count) chi_square += std::pow(c - each, 2) / each;
    EXPECT_LT(chi_square, 27.9) << n;
  }
  EXPECT_LT(random.below(0, ~uint64_t{0}), ~uint64_t{0});
}

}  // namespace
}  // namespace gpt
