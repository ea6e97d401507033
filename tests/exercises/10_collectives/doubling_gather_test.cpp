#include "exercises/10_collectives/doubling_gather.hpp"

#include <gtest/gtest.h>

namespace gpt {
namespace {

float value(int rank, int64_t i) {
  return static_cast<float>((rank + 1) * 1000 + i);
}
Tensor mine(const PointToPoint& group, int64_t n) {
  const Tensor row({n});
  for (int64_t i = 0; i < n; ++i) row.data<float>()[i] = value(group.rank(), i);
  return row;
}

TEST(DoublingAllGather, GivesAllPartsToAll) {
  const PointToPoint group(MPI_COMM_WORLD);
  for (const int64_t n : {1, 5, 1000}) {
    const Tensor whole = Tensor::zeros({4 * n});
    doubling_all_gather(group, whole, mine(group, n));
    for (int64_t i = 0; i < 4 * n; ++i)
      ASSERT_EQ(whole.data<float>()[i], value(static_cast<int>(i / n), i % n))
          << "element " << i << " on rank " << group.rank() << ", parts of " << n
          << ". Before round k rank r has the aligned block of 2^k parts that r is in: it sends all of it.";
  }
}

TEST(DoublingAllGather, OfTwoRanks) {
  const PointToPoint everybody(MPI_COMM_WORLD);
  const PointToPoint pair = everybody.subgroup({2, 3});
  if (pair.rank() < 0) return;
  const Tensor whole = Tensor::zeros({6});
  doubling_all_gather(pair, whole, mine(pair, 3));
  for (int64_t i = 0; i < 6; ++i) EXPECT_EQ(whole.data<float>()[i], value(static_cast<int>(i / 3), i % 3));
}

TEST(DoublingAllGather, CostsThis) {
  EXPECT_DOUBLE_EQ(doubling_all_gather_seconds(1, 100, 1, 1), 0) << "one rank sends nothing";
  EXPECT_DOUBLE_EQ(doubling_all_gather_seconds(8, 0, 2.5, 1), 7.5) << "3 rounds of 8 ranks";
  EXPECT_DOUBLE_EQ(doubling_all_gather_seconds(8, 800, 0, 1), 700)
      << "100 + 200 + 400 bytes: what a rank has, doubles; all that it receives is what it did not have";
}

}  // namespace
}  // namespace gpt
