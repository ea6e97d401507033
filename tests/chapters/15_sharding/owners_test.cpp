// The two halves of an all-reduce, and the memory they give back.

#include "15_sharding/owners.hpp"

#include <gtest/gtest.h>

#include "05_gpt/gpt.hpp"
#include "15_sharding/paged_memory.hpp"
#include "15_sharding/sharded_adamw.hpp"

namespace gpt {
namespace {

/// Whole numbers, whose sums are exact: element i of rank r is i + 1000·r.
Tensor row_of(int rank, int64_t size) {
  const Tensor row({size});
  for (int64_t i = 0; i < size; ++i) row.at<float>({i}) = static_cast<float>(i + 1000 * rank);
  return row;
}

TEST(Owners, GetTheSumsAndGiveThemToAll) {
  for (const int ranks : {1, 2, 3, 4, 5})
    for (const int64_t alignment : {1, 100, 4096})
      run_threads(ranks, [&](Communicator& group) {
        const Partition partition({1, 300, 300, 5000}, ranks, alignment);
        const Tensor row = row_of(group.rank(), partition.size());
        const int p = group.size();
        const auto sum = [&](int64_t i) { return static_cast<float>(i * p + 1000 * (p * (p - 1) / 2)); };
        for (size_t u = 0; u < partition.units(); ++u) {
          reduce_to_owners(group, row, partition, u);
          const Part mine = partition.part(u, group.rank());
          for (int64_t i = mine.from; i < mine.to; ++i) ASSERT_EQ(row.at<float>({i}), sum(i)) << i;
        }
        for (size_t u = 0; u < partition.units(); ++u) gather_from_owners(group, row, partition, u);
        for (int64_t i = 0; i < row.elements(); ++i) ASSERT_EQ(row.at<float>({i}), sum(i)) << i;
      });
}

TEST(Owners, SumUnitsLongerThanAChunk) {
  run_threads(2, [](Communicator& group) {
    const Partition partition({600'000}, 2);
    const Tensor row = Tensor::full({600'000}, group.rank() + 1.0);
    reduce_to_owners(group, row, partition, 0);
    const Part mine = partition.part(0, group.rank());
    for (int64_t i = mine.from; i < mine.to; ++i) ASSERT_EQ(row.at<float>({i}), 3.0f);
  });
}

TEST(PagedMemory, TakesMemoryWhereItIsWrittenAndGivesItBack) {
  constexpr int64_t page = Partition::page, pages = 100;
  const Tensor row = paged_zeros({pages * page}, DType::f32);
  if (resident_bytes(row.fill(1.0)) == 0) GTEST_SKIP() << "this system does not say what is resident";
  EXPECT_EQ(resident_bytes(row), row.bytes());
  give_back(row.slice(0, 10 * page + 5, 60 * page + 7));  // 49 whole pages, and a part of two
  EXPECT_NEAR(static_cast<double>(resident_bytes(row)), 51.0 * 4 * page, 64 << 10);
  for (int64_t i = 0; i < row.elements(); ++i)
    ASSERT_EQ(row.at<float>({i}), i >= 10 * page + 5 && i < 60 * page + 7 ? 0.0f : 1.0f) << i;
  row.slice(0, 20 * page, 21 * page).fill(2.0);  // it can be written to again
  EXPECT_EQ(row.at<float>({20 * page}), 2.0f);
}

TEST(PagedMemory, GivesBackPartsOfAPage) {
  const Tensor row = paged_zeros({3000}, DType::f32).fill(1.0);
  give_back(row.slice(0, 10, 10));
  give_back(row.slice(0, 10, 20));
  give_back(row.slice(0, 1000, 1100));  // across a border, without a whole page
  for (int64_t i = 0; i < 3000; ++i)
    ASSERT_EQ(row.at<float>({i}), (i >= 10 && i < 20) || (i >= 1000 && i < 1100) ? 0.0f : 1.0f) << i;
}

TEST(ShardedAdamW, ComputesWhatTheWholeOneDoes) {
  const auto backend = make_cpu_backend();
  const GptConfig shape{.layers = 2, .heads = 2, .width = 48, .context = 8, .vocabulary = 37};
  const auto improved = [&](int ranks) {
    Gpt model(shape, *backend, 1);
    const ParameterStore& store = model.parameters();
    for (int64_t i = 0; i < store.size(); ++i)
      store.gradients().at<float>({i}) = static_cast<float>(i % 97) * 0.01f - 0.4f;
    const Partition partition(layer_ends(store), ranks, 16);
    std::vector<ShardedAdamW> shards;
    for (int rank = 0; rank < ranks; ++rank) shards.emplace_back(store, *backend, partition, rank);
    for (int step = 1; step <= 3; ++step)
      for (const ShardedAdamW& shard : shards)
        shard.step({.learning_rate = 0.01, .weight_decay = 0.1, .gradient_scale = 0.7, .step = step});
    const auto values = store.values().span<float>();
    return std::vector<float>(values.begin(), values.end());
  };
  const std::vector<float> whole = improved(1);
  for (const int ranks : {2, 3, 4}) EXPECT_TRUE(improved(ranks) == whole) << ranks;
}

}  // namespace
}  // namespace gpt
