// The log of collectives, and the communicator that keeps it: over threads.

#include "10_collectives/watched_communicator.hpp"

#include <gtest/gtest.h>

#include "tests/chapters/09_averaging/conformance.hpp"

namespace gpt {
namespace {

using Operation = Call::Operation;

class WatchedConformance : public testing::TestWithParam<ConformanceCheck> {};

TEST_P(WatchedConformance, HoldsFor1To4Ranks) {
  for (const int ranks : {1, 2, 3, 4}) {
    SCOPED_TRACE(fmt::format("{} ranks", ranks));
    run_threads(ranks, [](Communicator& communicator) {
      const auto log = std::make_shared<CollectiveLog>();
      WatchedCommunicator watched(communicator, log);
      GetParam().run(watched);
      EXPECT_TRUE(log->snapshot(9, 9).waits.empty());
      EXPECT_EQ(log->snapshot(9, 9).failure, "");
    });
  }
}
INSTANTIATE_TEST_SUITE_P(Contract, WatchedConformance, testing::ValuesIn(conformance_checks()),
                         [](const auto& test) { return test.param.name; });

const Lane& lane_of(const CollectiveLog::Snapshot& log, const std::string& group, Lane::Kind kind) {
  for (const Lane& lane : log.lanes)
    if (lane.group == group && lane.kind == kind) return lane;
  throw Error("no such lane");
}

std::vector<std::string> texts(const Lane& lane) {
  std::vector<std::string> result;
  for (const NumberedCall& call : lane.calls)
    result.push_back(fmt::format("{} {}", call.number, call.call.text()));
  return result;
}

TEST(CollectiveLog, HoldsEveryCallInItsLane) {
  run_threads(2, [](Communicator& communicator) {
    const auto log = std::make_shared<CollectiveLog>();
    WatchedCommunicator c(communicator, log);
    const Tensor tensor = Tensor::zeros({8}), whole = Tensor::zeros({16});
    c.barrier();
    c.broadcast(tensor, 1);
    const auto work = c.all_reduce_async(Tensor::zeros({5}, DType::bf16), ReduceOp::max);
    c.all_reduce(tensor, ReduceOp::average);
    c.reduce_scatter(tensor, whole, ReduceOp::sum);
    c.all_gather(whole, tensor);
    c.rank() == 0 ? c.send(tensor, 1) : c.receive(tensor, 0);
    const auto group = c.split(c.rank(), 0);
    group->barrier();
    work->wait();

    const auto snapshot = log->snapshot(9, 99);
    EXPECT_EQ(texts(lane_of(snapshot, "", Lane::Kind::foreground)),
              (std::vector<std::string>{"1 barrier", "2 broadcast of 8 f32 from rank 1",
                                        "3 all_reduce of 8 f32 (average)", "4 reduce_scatter of 16 f32 (sum)",
                                        "5 all_gather of 16 f32", "6 split"}));
    EXPECT_EQ(texts(lane_of(snapshot, "", Lane::Kind::background)),
              (std::vector<std::string>{"1 all_reduce of 5 bf16 (max)"}));
    EXPECT_EQ(texts(lane_of(snapshot, "", Lane::Kind::messages))[0],
              c.rank() == 0 ? "1 send of 8 f32 to rank 1" : "1 receive of 8 f32 from rank 0");
    const Lane& child = lane_of(snapshot, fmt::format("6:{}", c.rank()), Lane::Kind::foreground);
    EXPECT_EQ(child.size, 1);
    EXPECT_EQ(child.name_of(1), fmt::format("collective 1 of group 6:{}", c.rank()));
    EXPECT_EQ(snapshot.lanes[0].kind, Lane::Kind::background);  // used last
  });
}

TEST(CollectiveLog, SaysInWhichCallARankWaits) {
  CollectiveLog log;
  log.open_group("", 2);
  const Call call{.operation = Operation::all_reduce, .elements = 3};
  const uint64_t number = log.begin("", Lane::Kind::background, call);
  EXPECT_TRUE(log.snapshot(9, 9).waits.empty());  // asked for, but nobody waits yet
  log.wait_for("", Lane::Kind::background, number, call);
  EXPECT_EQ(log.snapshot(9, 9).waits, (std::vector{Wait{"", Lane::Kind::background, 1, call}}));
  // Another thread may wait meanwhile.
  log.wait_for("", Lane::Kind::foreground, log.begin("", Lane::Kind::foreground, call), call);
  EXPECT_EQ(log.snapshot(9, 9).waits.size(), 2u);
  log.end("", Lane::Kind::foreground);
  EXPECT_EQ(log.snapshot(9, 9).waits.size(), 1u);
  log.end("", Lane::Kind::background);
  EXPECT_TRUE(log.snapshot(9, 9).waits.empty());
}

TEST(CollectiveLog, HistoriesAreEqualWhereAllCallsWere) {
  const Call a{.operation = Operation::broadcast, .elements = 3},
      b{.operation = Operation::all_gather, .elements = 3};
  const auto history = [](const std::vector<Call>& calls) {
    CollectiveLog log;
    log.open_group("", 2);
    for (const Call& call : calls) log.begin("", Lane::Kind::foreground, call);
    return log.snapshot(1, 1).lanes[0].calls[0].history;
  };
  EXPECT_EQ(history({a, b, a}), history({a, b, a}));
  EXPECT_NE(history({a, b, a}), history({b, a, a}));
  EXPECT_NE(history({a, a}), history({a, a, a}));
  for (Call other : {Call{.operation = Operation::all_reduce, .elements = 3},
                     Call{.operation = Operation::broadcast, .dtype = DType::i32, .elements = 3},
                     Call{.operation = Operation::broadcast, .op = ReduceOp::max, .elements = 3},
                     Call{.operation = Operation::broadcast, .peer = 1, .elements = 3},
                     Call{.operation = Operation::broadcast, .elements = 4}})
    EXPECT_NE(history({a}), history({other})) << other.text();
}

TEST(CollectiveLog, KeepsTheNewestCallsAndLanes) {
  CollectiveLog log;
  for (const char* group : {"", "1:0", "2:0"}) log.open_group(group, 2);
  const size_t calls = CollectiveLog::calls_kept + 10;
  for (size_t i = 0; i < calls; ++i) log.begin("1:0", Lane::Kind::foreground, {});
  log.begin("", Lane::Kind::foreground, {});
  const auto snapshot = log.snapshot(2, 3);
  ASSERT_EQ(snapshot.lanes.size(), 2u);
  EXPECT_EQ(snapshot.lanes[0].group, "");
  EXPECT_EQ(snapshot.lanes[1].group, "1:0");
  EXPECT_EQ(snapshot.lanes[1].last, calls);
  ASSERT_EQ(snapshot.lanes[1].calls.size(), 3u);
  EXPECT_EQ(snapshot.lanes[1].calls[0].number, calls - 2);
  EXPECT_EQ(log.snapshot(9, 9999).lanes[1].calls.size(), CollectiveLog::calls_kept);
}

TEST(WatchedCommunicator, ACallThatFailsStaysInTheLog) {
  const auto single = make_single_communicator();
  const auto log = std::make_shared<CollectiveLog>();
  WatchedCommunicator watched(*single, log);
  EXPECT_THROW(watched.broadcast(Tensor::zeros({3}), 7), Error);
  const auto snapshot = log->snapshot(1, 1);
  EXPECT_TRUE(snapshot.waits.empty());
  EXPECT_NE(snapshot.failure.find("broadcast of 3 f32 from rank 7: "), std::string::npos) << snapshot.failure;
}

TEST(WatchedCommunicator, GroupsOfGroupsHaveNamesThatFit) {
  run_threads(2, [](Communicator& communicator) {
    const auto log = std::make_shared<CollectiveLog>();
    std::vector<std::unique_ptr<Communicator>> groups;
    groups.push_back(std::make_unique<WatchedCommunicator>(communicator, log));
    for (int depth = 0; depth < 12; ++depth) {
      groups.push_back(groups.back()->split(1000, 0));
      groups.back()->barrier();
    }
    for (const Lane& lane : log->snapshot(99, 1).lanes) EXPECT_LE(lane.group.size(), Lane::longest_group);
    while (!groups.empty()) groups.pop_back();
  });
}

}  // namespace
}  // namespace gpt
