#include "exercises/10_collectives/ring_sum.hpp"

#include <gtest/gtest.h>

namespace gpt {
namespace {

/// Element i of rank r's row.
float value(int rank, int64_t i) {
  return static_cast<float>((rank + 1) * 100 + i);
}

/// Checks the sum of rows of n elements.
void expect_sums(int64_t n) {
  const PointToPoint group(MPI_COMM_WORLD);
  const Tensor row({n});
  for (int64_t i = 0; i < n; ++i) row.data<float>()[i] = value(group.rank(), i);
  ring_sum(group, row);
  for (int64_t i = 0; i < n; ++i) {
    float sum = 0;
    for (int rank = 0; rank < group.size(); ++rank) sum += value(rank, i);
    ASSERT_EQ(row.data<float>()[i], sum)
        << "element " << i << " of " << n << ", in part " << i * group.size() / n << " of " << group.size()
        << ". A part that lacks numbers was not added on its whole way round: does rank r send part r - s in "
           "step s, "
           "and add to part r - s - 1? A part that holds too much was handed on twice.";
  }
}

TEST(RingSum, OfOneNumberARank) {
  expect_sums(4);
}
TEST(RingSum, OfPartsOfUnequalLength) {
  expect_sums(10);
  expect_sums(1023);
}
TEST(RingSum, OfFewerNumbersThanRanks) {
  expect_sums(3);
  expect_sums(1);
  expect_sums(0);
}
TEST(RingSum, OfALongRow) {
  expect_sums(100000);
}

TEST(RingSum, HasTheSameBitsOnAllRanks) {
  const PointToPoint group(MPI_COMM_WORLD);
  const Tensor row({1000});
  for (int64_t i = 0; i < 1000; ++i)
    row.data<float>()[i] = 1.0f / static_cast<float>(3 + (i * 7919 + group.rank() * 104729) % 1000);
  ring_sum(group, row);
  const Tensor of_rank_0 = row.clone();
  MPI_Bcast(of_rank_0.data<float>(), 1000, MPI_FLOAT, 0, MPI_COMM_WORLD);
  for (int64_t i = 0; i < 1000; ++i)
    ASSERT_EQ(row.data<float>()[i], of_rank_0.data<float>()[i])
        << "rank " << group.rank() << " has other last bits than rank 0 in element " << i
        << ": every part must be summed once, on one way round the ring, and then be copied, not summed by "
           "each rank.";
}

}  // namespace
}  // namespace gpt
