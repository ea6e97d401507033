#include "exercises/09_averaging/statistics.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace gpt {
namespace {

/// Rank r has count(r) samples of one series.
template <class Count>
void expect_as_if_one_had_all(int ranks, Count count) {
  std::vector<double> all;
  std::vector<size_t> begin;
  for (int rank = 0; rank < ranks; ++rank) {
    begin.push_back(all.size());
    for (int i = 0; i < count(rank); ++i) all.push_back(static_cast<double>(all.size() * 37 % 11) + rank);
  }
  begin.push_back(all.size());
  double mean = 0, variance = 0;
  for (const double x : all) mean += x / static_cast<double>(all.size());
  for (const double x : all) variance += (x - mean) * (x - mean) / static_cast<double>(all.size());

  run_threads(ranks, [&](Communicator& communicator) {
    const auto r = static_cast<size_t>(communicator.rank());
    const Statistics found =
        statistics_of_all(communicator, std::span(all).subspan(begin[r], begin[r + 1] - begin[r]));
    EXPECT_NEAR(found.mean, mean, 1e-9)
        << "rank " << r << ": an average of averages counts a rank with few samples too much";
    EXPECT_NEAR(found.variance, variance, 1e-9)
        << "rank " << r << ": the average of the ranks' variances lacks what the ranks' means differ by";
  });
}

TEST(StatisticsOfAll, WhereAllHaveAsMany) {
  expect_as_if_one_had_all(4, [](int) { return 10; });
}
TEST(StatisticsOfAll, WhereTheyHaveNot) {
  expect_as_if_one_had_all(4, [](int rank) { return 1 + 5 * rank; });
}
TEST(StatisticsOfAll, WhereSomeHaveNothing) {
  expect_as_if_one_had_all(3, [](int rank) { return rank == 1 ? 6 : 0; });
}
TEST(StatisticsOfAll, OfOneRank) {
  expect_as_if_one_had_all(1, [](int) { return 5; });
}

}  // namespace
}  // namespace gpt
