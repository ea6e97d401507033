#include "exercises/10_collectives/rooted_reduce.hpp"

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

void expect_sum_on(int root, int ranks, int64_t n) {
  const PointToPoint everybody(MPI_COMM_WORLD);
  std::vector<int> members;
  for (int rank = 0; rank < ranks; ++rank) members.push_back(rank);
  const PointToPoint group = everybody.subgroup(members);
  if (group.rank() >= 0) {
    const Tensor row = mine(group, n);
    rooted_reduce(group, row, root);
    if (group.rank() == root)
      for (int64_t i = 0; i < n; ++i) {
        float sum = 0;
        for (int rank = 0; rank < ranks; ++rank) sum += value(rank, i);
        EXPECT_EQ(row.data<float>()[i], sum)
            << "element " << i << " on root " << root << " of " << ranks
            << " ranks. Thousands count the ranks that are in the "
            << "sum: where p is no power of two, whose partner is not there?";
      }
  }
}

TEST(RootedReduce, ToRank0OfFour) {
  expect_sum_on(0, 4, 10);
}
TEST(RootedReduce, ToAnyRootOfFour) {
  for (int root = 1; root < 4; ++root) expect_sum_on(root, 4, 10);
}
TEST(RootedReduce, OfThreeRanks) {
  for (int root = 0; root < 3; ++root) expect_sum_on(root, 3, 7);
}
TEST(RootedReduce, OfOneAndOfTwo) {
  expect_sum_on(0, 1, 5);
  expect_sum_on(1, 2, 5);
  expect_sum_on(0, 2, 0);
}

}  // namespace
}  // namespace gpt
