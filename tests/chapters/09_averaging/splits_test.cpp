// Splits and weights.

#include "09_averaging/splits.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "09_averaging/weights.hpp"

namespace gpt {
namespace {

using Numbers = std::vector<int64_t>;

TEST(Splits, EverySampleBelongsToOneWorkerAndCountsDifferByAtMostOne) {
  for (const Split split : {Split::block, Split::line, Split::random})
    for (const int64_t samples : {0, 1, 5, 10, 12, 1001})
      for (const int workers : {1, 2, 3, 4, 7}) {
        std::vector<int> owners(static_cast<size_t>(samples), 0);
        size_t smallest = SIZE_MAX, largest = 0;
        for (int worker = 0; worker < workers; ++worker) {
          const Numbers mine = shard(split, samples, workers, worker, 3);
          for (const int64_t number : mine) ++owners.at(static_cast<size_t>(number));
          smallest = std::min(smallest, mine.size());
          largest = std::max(largest, mine.size());
        }
        EXPECT_TRUE(std::all_of(owners.begin(), owners.end(), [](int n) { return n == 1; }));
        EXPECT_LE(largest - smallest, 1u) << name_of(split) << " of " << samples << " on " << workers;
      }
}

TEST(Splits, BlocksAreConsecutiveAndLinesAreDealtLikeCards) {
  EXPECT_EQ(shard(Split::block, 10, 3, 0), (Numbers{0, 1, 2}));
  EXPECT_EQ(shard(Split::block, 10, 3, 1), (Numbers{3, 4, 5}));
  EXPECT_EQ(shard(Split::block, 10, 3, 2), (Numbers{6, 7, 8, 9}));
  EXPECT_EQ(shard(Split::line, 10, 3, 0), (Numbers{0, 3, 6, 9}));
  EXPECT_EQ(shard(Split::line, 10, 3, 2), (Numbers{2, 5, 8}));
}

TEST(Splits, RandomOnesDependOnTheSeedAlone) {
  EXPECT_EQ(shard(Split::random, 100, 3, 1, 5), shard(Split::random, 100, 3, 1, 5));
  EXPECT_NE(shard(Split::random, 100, 3, 1, 5), shard(Split::random, 100, 3, 1, 6));
  EXPECT_NE(shard(Split::random, 100, 3, 1, 5), shard(Split::block, 100, 3, 1));
}

TEST(Splits, RandomOnesGiveEverySampleToEveryWorkerEquallyOften) {
  constexpr int seeds = 3000;
  std::vector<int> count(6, 0);  // how often worker 0 of 3 gets each of 6 samples: a third of the time
  for (uint64_t seed = 0; seed < seeds; ++seed)
    for (const int64_t number : shard(Split::random, 6, 3, 0, seed)) ++count[static_cast<size_t>(number)];
  for (const int n : count) EXPECT_NEAR(n, seeds / 3, 5 * 26);  // five deviations, √(3000 · ⅓ · ⅔) each
}

TEST(ShardWeights, AddUpToOneInProportionToTheSizes) {
  EXPECT_EQ(shard_weights({1, 2, 5}), (std::vector<double>{0.125, 0.25, 0.625}));
  EXPECT_EQ(shard_weights({0, 4}), (std::vector<double>{0.0, 1.0}));
  EXPECT_THROW(shard_weights({0, 0}), Error);
}

TEST(InverseFrequencyWeights, GiveEveryClassTheSameTotalAndAverageOne) {
  const Tensor labels = Tensor::from(std::vector<int32_t>{0, 0, 0, 0, 0, 1, 2, 2}, {8});
  const std::vector<double> weights = inverse_frequency_weights(labels, 3);
  EXPECT_DOUBLE_EQ(5 * weights[0], 8.0 / 3);
  EXPECT_DOUBLE_EQ(1 * weights[1], 8.0 / 3);
  EXPECT_DOUBLE_EQ(2 * weights[2], 8.0 / 3);
  EXPECT_EQ(inverse_frequency_weights(labels, 4)[3], 0.0);
  EXPECT_THROW(inverse_frequency_weights(labels, 2), Error);
}

TEST(WeightedSampler, PicksThePieceOfTheLineOnWhichThePointFalls) {
  const WeightedSampler sampler({1, 0, 2, 1, 0});
  const auto drawn = [&](double uniform) { return sampler.at(uniform); };
  EXPECT_EQ(drawn(0.0), 0);
  EXPECT_EQ(drawn(0.2499), 0);
  EXPECT_EQ(drawn(0.25), 2);
  EXPECT_EQ(drawn(0.7499), 2);
  EXPECT_EQ(drawn(0.75), 3);
  EXPECT_EQ(drawn(0.9999999), 3);
  EXPECT_EQ(drawn(1.0), 3) << "rounding may reach the end of the line, but not a weight of 0";
}

TEST(WeightedSampler, DrawsInProportionToTheWeights) {
  constexpr int count = 10000;
  std::vector<int> drawn(3, 0);
  for (const int64_t i : WeightedSampler({1, 3, 6}).draw(count, RandomStream(1, RandomUse::sampling)))
    ++drawn[static_cast<size_t>(i)];
  for (size_t i = 0; i < 3; ++i) {
    const double p = std::vector<double>{0.1, 0.3, 0.6}[i];
    EXPECT_NEAR(drawn[i], count * p, 5 * std::sqrt(count * p * (1 - p)));
  }
}

TEST(WeightedSampler, RefusesWeightsThatMeanNothing) {
  EXPECT_THROW(WeightedSampler({}), Error);
  EXPECT_THROW(WeightedSampler({0, 0}), Error);
  EXPECT_THROW(WeightedSampler({1, -1}), Error);
}

}  // namespace
}  // namespace gpt
