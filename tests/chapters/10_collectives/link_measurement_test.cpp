// The measurements that feed the cost model: complete, positive and the same on all ranks. How long anything
// takes is not tested.
#include "10_collectives/link_measurement.hpp"

#include <gtest/gtest.h>

namespace gpt {
namespace {

void expect_same_everywhere(Communicator& communicator, double value) {
  EXPECT_EQ(communicator.all_reduce(value, ReduceOp::max), value);
}

TEST(LinkMeasurement, TimesMessagesOfAllSizesAlikeOnAllRanks) {
  MpiCommunicator communicator(MPI_COMM_WORLD);
  const PointToPoint group(MPI_COMM_WORLD);
  for (const auto& times : {time_ping_pong(communicator, group), time_shift(communicator, group)}) {
    ASSERT_EQ(times.size(), 11u);  // 4 bytes, 16, …, 4 MiB
    EXPECT_EQ(times.front().path.bytes, 4);
    EXPECT_EQ(times.back().path.bytes, 4 << 20);
    for (const TimedPath& time : times) {
      EXPECT_EQ(time.path.messages, 1);
      EXPECT_GT(time.seconds, 0);
      expect_same_everywhere(communicator, time.seconds);
    }
  }
}

TEST(LinkMeasurement, DescribesTheHostOfTheRanks) {
  MpiCommunicator communicator(MPI_COMM_WORLD);
  const Cluster cluster = measure_cluster(communicator, PointToPoint(MPI_COMM_WORLD));
  EXPECT_EQ(cluster.hosts, 1);  // the tests run on one machine
  EXPECT_EQ(cluster.ranks_per_host, communicator.size());
  EXPECT_GE(cluster.inside.alpha, 0);
  EXPECT_GT(cluster.inside.beta, 0);
  EXPECT_GT(cluster.inside.gamma, 0);
  EXPECT_GT(cluster.memory_beta, 0);
  EXPECT_GT(cluster.cache_beta, 0);
  for (const double value :
       {cluster.inside.alpha, cluster.inside.beta, cluster.inside.gamma, cluster.memory_beta})
    expect_same_everywhere(communicator, value);
}

}  // namespace
}  // namespace gpt
