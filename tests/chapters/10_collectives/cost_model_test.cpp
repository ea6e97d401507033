// The counts of the cost model: limits, values worked by hand, bounds.
#include "10_collectives/cost_model.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "10_collectives/bus_bandwidth.hpp"
#include "common/check.hpp"

namespace gpt {
namespace {

constexpr std::array by_messages{AllReduceAlgorithm::naive, AllReduceAlgorithm::tree,
                                 AllReduceAlgorithm::ring, AllReduceAlgorithm::recursive_doubling,
                                 AllReduceAlgorithm::halving_doubling};

void expect_path(AllReduceAlgorithm algorithm, int ranks, double messages, double bytes, double reduced) {
  SCOPED_TRACE(fmt::format("{} on {} ranks", name_of(algorithm), ranks));
  const CriticalPath path = all_reduce_path(algorithm, ranks, 1200.0);
  EXPECT_DOUBLE_EQ(path.messages, messages);
  EXPECT_DOUBLE_EQ(path.bytes, bytes);
  EXPECT_DOUBLE_EQ(path.reduced, reduced);
}

TEST(CostModel, CountsAsWorkedByHand) {
  expect_path(AllReduceAlgorithm::naive, 4, 6, 7200, 3600);
  expect_path(AllReduceAlgorithm::tree, 4, 4, 4800, 2400);
  expect_path(AllReduceAlgorithm::ring, 4, 6, 1800, 900);
  expect_path(AllReduceAlgorithm::recursive_doubling, 4, 2, 2400, 2400);
  expect_path(AllReduceAlgorithm::halving_doubling, 4, 4, 1800, 900);  // 600 + 300, twice

  expect_path(AllReduceAlgorithm::tree, 5, 6, 7200, 3600);
  expect_path(AllReduceAlgorithm::ring, 3, 4, 1600, 800);
  // Three ranks: two exchange, the third waits before and after.
  expect_path(AllReduceAlgorithm::recursive_doubling, 3, 3, 3600, 2400);
  expect_path(AllReduceAlgorithm::halving_doubling, 3, 4, 3600, 1800);
}

TEST(CostModel, NothingForOneRank) {
  for (const AllReduceAlgorithm algorithm : by_messages) {
    expect_path(algorithm, 1, 0, 0, 0);
    EXPECT_EQ(all_reduce_traffic(algorithm, 1, 1e6).messages, 0) << name_of(algorithm);
  }
  const Cluster alone{.inside = {1, 1, 1}, .between = {1, 1, 1}, .memory_beta = 1};
  for (const AllReduceAlgorithm algorithm : all_reduce_algorithms) {
    if (algorithm == AllReduceAlgorithm::library) continue;
    EXPECT_EQ(predicted_seconds(algorithm, alone, 1e6), 0.0) << name_of(algorithm);
  }
}

TEST(CostModel, LatencyDecidesForShortRowsAndBandwidthForLongOnes) {
  const LinkCost link{.alpha = 5e-5, .beta = 8e-9, .gamma = 1e-10};
  for (int ranks = 2; ranks <= 33; ++ranks)
    for (const AllReduceAlgorithm algorithm : by_messages) {
      SCOPED_TRACE(fmt::format("{} on {} ranks", name_of(algorithm), ranks));
      const CriticalPath none = all_reduce_path(algorithm, ranks, 0.0);
      EXPECT_DOUBLE_EQ(link.seconds(none), none.messages * link.alpha);
      const double large = 1e15;
      const CriticalPath much = all_reduce_path(algorithm, ranks, large);
      EXPECT_NEAR(link.seconds(much) / (much.bytes * link.beta + much.reduced * link.gamma), 1.0, 1e-6);
      EXPECT_EQ(much.messages, none.messages);
    }
}

TEST(CostModel, NobodyIsBelowTheBoundAndSomeReachIt) {
  for (int ranks = 1; ranks <= 40; ++ranks) {
    const CriticalPath bound = all_reduce_lower_bound(ranks, 1e6);
    for (const AllReduceAlgorithm algorithm : by_messages) {
      SCOPED_TRACE(fmt::format("{} on {} ranks", name_of(algorithm), ranks));
      const CriticalPath path = all_reduce_path(algorithm, ranks, 1e6);
      EXPECT_GE(path.messages, bound.messages);
      EXPECT_GE(path.bytes, bound.bytes * (1 - 1e-12));
      EXPECT_GE(path.reduced, bound.reduced * (1 - 1e-12));
    }
    EXPECT_DOUBLE_EQ(all_reduce_path(AllReduceAlgorithm::ring, ranks, 1e6).bytes, bound.bytes);
    if ((ranks & (ranks - 1)) != 0) continue;  // a power of two
    EXPECT_DOUBLE_EQ(all_reduce_path(AllReduceAlgorithm::halving_doubling, ranks, 1e6).bytes, bound.bytes);
    EXPECT_DOUBLE_EQ(all_reduce_path(AllReduceAlgorithm::recursive_doubling, ranks, 1e6).messages,
                     bound.messages);
  }
}

TEST(CostModel, RoundsAreTheLogarithmRoundedUp) {
  for (int ranks = 1; ranks <= 1025; ++ranks)
    EXPECT_EQ(rounds_of(ranks), static_cast<int>(std::ceil(std::log2(ranks)))) << ranks;
  EXPECT_THROW(rounds_of(0), Error);
}

TEST(CostModel, PredictsSecondsOnALink) {
  // 16 MB on 4 ranks over 1 Gbit/s, 8 ns a byte: 6 messages, and 24 MB that pass each link.
  const Cluster cluster{.hosts = 4, .between = {.alpha = 1e-4, .beta = 8e-9}};
  EXPECT_NEAR(predicted_seconds(AllReduceAlgorithm::ring, cluster, 16e6), 0.0006 + 0.192, 1e-12);
  EXPECT_NEAR(predicted_seconds(AllReduceAlgorithm::tree, cluster, 16e6), 0.0004 + 0.512, 1e-12);
  EXPECT_TRUE(std::isnan(predicted_seconds(AllReduceAlgorithm::library, cluster, 16e6)));
  EXPECT_TRUE(std::isnan(predicted_seconds(AllReduceAlgorithm::shared_memory, cluster, 16e6)));
  EXPECT_THROW(all_reduce_path(AllReduceAlgorithm::hierarchical, 4, 1.0), Error);
}

TEST(CostModel, AHierarchyIsATreeAroundARing) {
  const LinkCost inside{.alpha = 1e-6, .beta = 1e-10, .gamma = 1e-10};
  const LinkCost between{.alpha = 5e-5, .beta = 8e-9, .gamma = 1e-10};
  const auto seconds = [&](int hosts, int each) {
    return predicted_seconds(AllReduceAlgorithm::hierarchical,
                             {.hosts = hosts, .ranks_per_host = each, .inside = inside, .between = between},
                             1e6);
  };
  EXPECT_DOUBLE_EQ(seconds(4, 1), between.seconds(all_reduce_path(AllReduceAlgorithm::ring, 4, 1e6)));
  EXPECT_DOUBLE_EQ(seconds(1, 4), inside.seconds(all_reduce_path(AllReduceAlgorithm::tree, 4, 1e6)));
  EXPECT_DOUBLE_EQ(seconds(4, 4), seconds(4, 1) + seconds(1, 4));
}

TEST(BusBandwidth, FollowsNcclTests) {
  EXPECT_DOUBLE_EQ(bus_bandwidth(Collective::all_reduce, 4, 16e6, 0.2), 120e6);
  EXPECT_DOUBLE_EQ(bus_bandwidth(Collective::reduce_scatter, 4, 16e6, 0.2), 60e6);
  EXPECT_DOUBLE_EQ(bus_bandwidth(Collective::all_gather, 4, 16e6, 0.2), 60e6);
  EXPECT_DOUBLE_EQ(bus_bandwidth(Collective::broadcast, 4, 16e6, 0.2), 80e6);
  EXPECT_DOUBLE_EQ(bus_bandwidth(Collective::reduce, 4, 16e6, 0.2), 80e6);
  EXPECT_EQ(bus_bandwidth(Collective::all_reduce, 1, 16e6, 0.2), 0.0);
  EXPECT_THROW(bus_bandwidth(Collective::all_reduce, 4, 16e6, 0.0), Error);
}

TEST(BusBandwidth, OfARingIsThatOfItsLinks) {
  const LinkCost link{.beta = 8e-9};
  for (int ranks = 2; ranks <= 16; ++ranks) {
    const double seconds = link.seconds(all_reduce_path(AllReduceAlgorithm::ring, ranks, 1e6));
    EXPECT_NEAR(bus_bandwidth(Collective::all_reduce, ranks, 1e6, seconds), 125e6, 1e-3) << ranks;
  }
}

}  // namespace
}  // namespace gpt
