// The messages that the algorithms really send, against the counts of the cost model.
#include <gtest/gtest.h>
#include <mpi.h>

#include "10_collectives/collectives.hpp"
#include "10_collectives/cost_model.hpp"
#include "tests/chapters/10_collectives/message_trace.hpp"

namespace gpt {
namespace {

using AllReduce = void (*)(const PointToPoint&, const Tensor&, ReduceOp);

struct Counted {
  AllReduceAlgorithm algorithm;
  AllReduce run;
};

constexpr Counted counted[]{{AllReduceAlgorithm::naive, naive_all_reduce},
                            {AllReduceAlgorithm::tree, tree_all_reduce},
                            {AllReduceAlgorithm::ring, ring_all_reduce},
                            {AllReduceAlgorithm::recursive_doubling, recursive_doubling_all_reduce},
                            {AllReduceAlgorithm::halving_doubling, halving_doubling_all_reduce}};

/// Divisible by 1 … 8, and by 2, 4 and 8 again: all chunks are equal, as in the formulas.
constexpr int64_t elements = 840 * 8;
constexpr double bytes = 4.0 * elements;

Traffic traffic_of(const std::vector<std::vector<MessageEvent>>& trace) {
  Traffic traffic;
  for (const auto& events : trace)
    for (const MessageEvent& event : events)
      if (event.kind == MessageEvent::send) {
        ++traffic.messages;
        traffic.bytes += event.bytes;
      }
  return traffic;
}

TEST(MessageCount, AllMessagesAndBytesAreThoseOfTheModel) {
  const PointToPoint group(MPI_COMM_WORLD);
  for (const auto& [algorithm, run] : counted) {
    SCOPED_TRACE(fmt::format("{} on {} ranks", name_of(algorithm), group.size()));
    const Tensor row = Tensor::full({elements}, group.rank() + 1.0);
    const Traffic real = traffic_of(traced([&] { run(group, row, ReduceOp::sum); }));
    const Traffic model = all_reduce_traffic(algorithm, group.size(), bytes);
    EXPECT_DOUBLE_EQ(real.messages, model.messages);
    EXPECT_DOUBLE_EQ(real.bytes, model.bytes);
  }
}

TEST(MessageCount, TheCriticalPathIsThatOfTheModel) {
  const PointToPoint group(MPI_COMM_WORLD);
  for (const auto& [algorithm, run] : counted) {
    SCOPED_TRACE(fmt::format("{} on {} ranks", name_of(algorithm), group.size()));
    const Tensor row = Tensor::full({elements}, group.rank() + 1.0);
    const auto trace = traced([&] { run(group, row, ReduceOp::sum); });
    const CriticalPath model = all_reduce_path(algorithm, group.size(), bytes);
    EXPECT_DOUBLE_EQ(replay(trace, /*alpha=*/1, /*beta=*/0), model.messages);
    EXPECT_DOUBLE_EQ(replay(trace, /*alpha=*/0, /*beta=*/1), model.bytes);
  }
}

TEST(MessageCount, BetweenHostsOnlyTheRingOfTheHierarchy) {
  const PointToPoint group(MPI_COMM_WORLD);
  std::vector<int> hosts;
  for (int rank = 0; rank < group.size(); ++rank) hosts.push_back(rank / 2);
  const Tensor row = Tensor::full({elements}, group.rank() + 1.0);
  const auto trace = traced([&] { hierarchical_all_reduce(group, hosts, row, ReduceOp::sum); });
  Traffic between;
  for (size_t rank = 0; rank < trace.size(); ++rank)
    for (const MessageEvent& event : trace[rank])
      if (event.kind == MessageEvent::send && hosts[rank] != hosts[static_cast<size_t>(event.partner)]) {
        ++between.messages;
        between.bytes += event.bytes;
      }
  const int count = hosts.back() + 1;
  const Traffic ring = all_reduce_traffic(AllReduceAlgorithm::ring, count, bytes);
  EXPECT_DOUBLE_EQ(between.messages, ring.messages);
  EXPECT_DOUBLE_EQ(between.bytes, ring.bytes);
  if (group.size() != 2 * count) return;  // a host with one rank alone: no formula
  const LinkCost link{.alpha = 1000, .beta = 1};
  EXPECT_DOUBLE_EQ(
      replay(trace, link.alpha, link.beta),
      predicted_seconds(AllReduceAlgorithm::hierarchical,
                        {.hosts = count, .ranks_per_host = 2, .inside = link, .between = link}, bytes));
}

TEST(MessageTrace, ReplaysATraceByHand) {
  // Rank 0 sends 10 bytes to rank 1 and then 20 to rank 2; rank 1 passes its 10 on to rank 2.
  using enum MessageEvent::Kind;
  const std::vector<std::vector<MessageEvent>> trace{
      {{send, 1, 10, -1}, {wait, -1, 0, 0}, {send, 2, 20, -1}, {wait, -1, 0, 2}},
      {{receive, 0, 10, -1}, {wait, -1, 0, 0}, {send, 2, 10, -1}, {wait, -1, 0, 2}},
      {{receive, 0, 20, -1}, {wait, -1, 0, 0}, {receive, 1, 10, -1}, {wait, -1, 0, 2}}};
  EXPECT_EQ(replay(trace, 1, 0), 3);   // 0 → 1, 0 → 2, 1 → 2
  EXPECT_EQ(replay(trace, 0, 1), 40);  // 10, 20, and the 10 that had to wait for them
  std::vector<std::vector<MessageEvent>> stuck = trace;
  stuck[0].resize(2);
  EXPECT_THROW(replay(stuck, 1, 0), std::runtime_error);
}

}  // namespace
}  // namespace gpt
