#include "exercises/09_averaging/stratified_shard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "01_tensors/philox.hpp"

namespace gpt {
namespace {

/// Of 5 classes, the rarer the higher.
Tensor labels_of(int64_t samples) {
  const Tensor labels({samples}, DType::i32);
  for (int64_t i = 0; i < samples; ++i) {
    const int64_t roll = i * 7919 % 31;
    labels.data<int32_t>()[i] = roll < 16 ? 0 : roll < 24 ? 1 : roll < 28 ? 2 : roll < 30 ? 3 : 4;
  }
  return labels;
}

TEST(StratifiedShard, GivesEverySampleToOneWorker) {
  for (const int64_t samples : {0, 1, 7, 500}) {
    std::vector<int> owners(static_cast<size_t>(samples));
    for (int worker = 0; worker < 4; ++worker)
      for (const int64_t i : stratified_shard(labels_of(samples), 5, 4, worker))
        ++owners.at(static_cast<size_t>(i));
    EXPECT_THAT(owners, testing::Each(1)) << "how many workers have sample 0, 1, …, of " << samples;
  }
}

TEST(StratifiedShard, DividesEveryClassEvenly) {
  const Tensor labels = labels_of(533);
  for (int32_t k = 0; k < 5; ++k) {
    std::vector<int64_t> counts;
    for (int worker = 0; worker < 4; ++worker) {
      const auto mine = stratified_shard(labels, 5, 4, worker);
      counts.push_back(
          std::count_if(mine.begin(), mine.end(), [&](int64_t i) { return labels.data<int32_t>()[i] == k; }));
    }
    const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
    EXPECT_LE(*most - *least, 1) << "of class " << k << " the workers have " << testing::PrintToString(counts)
                                 << ": is every class dealt out by itself?";
  }
}

TEST(StratifiedShard, DividesAllSamplesEvenly) {
  // Two samples of each of five classes, three workers.
  const Tensor labels = Tensor::from<int32_t>({0, 1, 2, 3, 4, 0, 1, 2, 3, 4}, {10});
  std::vector<size_t> counts;
  for (int worker = 0; worker < 3; ++worker) counts.push_back(stratified_shard(labels, 5, 3, worker).size());
  std::sort(counts.begin(), counts.end());
  EXPECT_THAT(counts, testing::ElementsAre(3, 3, 4))
      << "what is left over of every class goes to the same workers: where does the next class begin?";
}

TEST(StratifiedShard, IsInAscendingOrder) {
  const auto mine = stratified_shard(labels_of(100), 5, 3, 1);
  EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
}

}  // namespace
}  // namespace gpt
