// From reports to sentences.

#include "10_collectives/judge.hpp"

#include <gtest/gtest.h>

namespace gpt {
namespace {

using Operation = Call::Operation;
constexpr auto foreground = Lane::Kind::foreground, background = Lane::Kind::background;
constexpr double deadline = 10;

const Call sum{.operation = Operation::all_reduce, .elements = 4096};
const Call small_sum{.operation = Operation::all_reduce, .elements = 8};
const Call copy{.operation = Operation::broadcast, .dtype = DType::i32, .elements = 8};

/// What a rank's log would say after these calls.
Lane lane(const std::vector<Call>& calls, int size = 3, const std::string& group = "",
          Lane::Kind kind = foreground) {
  CollectiveLog log;
  log.open_group(group, size);
  for (const Call& call : calls) log.begin(group, kind, call);
  return log.snapshot(1, calls_reported).lanes.at(0);
}

RankReport report(int rank, std::vector<Lane> lanes = {}) {
  return {.rank = rank,
          .pid = 100 + rank,
          .host = "host-" + std::to_string(rank),
          .where = "step 17, backward for 2.4 s",
          .lanes = std::move(lanes),
          .wait = {},
          .failure = ""};
}

/// The same, waiting in the newest call of its first lane.
RankReport waits(int rank, std::vector<Lane> lanes, double seconds) {
  RankReport result = report(rank, std::move(lanes));
  const Lane& first = result.lanes.at(0);
  result.wait = Wait{first.group, first.kind, first.last, first.calls.back().call};
  result.waited = seconds;
  return result;
}

RankReport in_state(RankReport report, RankReport::State state) {
  report.state = state;
  return report;
}

/// The verdict of a judge who hears these reports, all at one time.
std::string verdict(const std::vector<RankReport>& reports, int ranks = 3) {
  Judge judge(ranks, deadline);
  for (const RankReport& one : reports) judge.hear(one, 1.0);
  return judge.verdict(1.0);
}

TEST(Judge, HasNothingToSayOfAJobThatRuns) {
  EXPECT_EQ(verdict({}), "");  // nobody had the time to report yet
  EXPECT_EQ(verdict({report(0), report(1), report(2)}), "");
  // Some are ahead of others, some wait; a background call runs.
  EXPECT_EQ(verdict({waits(0, {lane({copy, sum}), lane({sum}, 3, "", background)}, 9.9),
                     report(1, {lane({copy})}), waits(2, {lane({copy, sum})}, 1)}),
            "");
}

TEST(Judge, IsPatientWithRanksThatAreHeardOf) {
  Judge judge(2, deadline);
  judge.be_patient(true);
  judge.hear(report(0, {lane({copy}, 2)}), 100.0);
  judge.hear(waits(1, {lane({copy, sum}, 2)}, 10 * deadline), 100.0);
  EXPECT_EQ(judge.verdict(100.0), "");
  judge.hear(waits(1, {lane({copy, sum}, 2)}, 12 * deadline), 120.0);
  EXPECT_NE(judge.verdict(120.0).find("rank 0 on host-0 (pid 100) has not been heard of for 20.0 s"),
            std::string::npos)
      << judge.verdict(120.0);
  judge.hear(report(0, {lane({copy}, 2)}), 120.0);
  EXPECT_EQ(judge.verdict(120.0), "");
  judge.be_patient(false);
  EXPECT_NE(judge.verdict(120.0), "");
}

TEST(Judge, NamesTheRankThatCallsAnotherCollective) {
  const auto ranks = [](const Call& a, const Call& b, const Call& c) {
    return verdict(
        {report(0, {lane({copy, a})}), report(1, {lane({copy, b})}), report(2, {lane({copy, c})})});
  };
  EXPECT_EQ(
      ranks(copy, copy, sum),
      "rank 2 calls all_reduce of 4096 f32 (sum) as collective 2, where ranks 0 and 1 call broadcast of 8 "
      "i32 from rank 0");
  EXPECT_EQ(
      ranks(copy, sum, sum),
      "rank 0 calls broadcast of 8 i32 from rank 0 as collective 2, where ranks 1 and 2 call all_reduce of "
      "4096 f32 (sum)");
  EXPECT_EQ(
      ranks(sum, small_sum, sum),
      "rank 1 calls all_reduce of 8 f32 (sum) as collective 2, where ranks 0 and 2 call all_reduce of 4096 "
      "f32 (sum)");
  Call type = sum, op = sum;
  type.dtype = DType::bf16;
  op.op = ReduceOp::max;
  EXPECT_NE(ranks(sum, type, sum), "");
  EXPECT_NE(ranks(sum, op, sum), "");
  EXPECT_EQ(ranks(sum, sum, sum), "");
}

TEST(Judge, BetweenTwoRanksBelievesTheLower) {
  EXPECT_EQ(
      verdict({report(1, {lane({sum}, 2)}), report(0, {lane({copy}, 2)})}, 2),
      "rank 1 calls all_reduce of 4096 f32 (sum) as collective 1, where rank 0 calls broadcast of 8 i32 from "
      "rank 0");
}

TEST(Judge, NamesTheFirstCallThatDiffers) {
  // Rank 1 has left out the broadcast: all its calls are one too early.
  const auto text = verdict(
      {report(0, {lane({sum, copy, small_sum, sum}, 2)}), report(1, {lane({sum, small_sum, sum}, 2)})}, 2);
  EXPECT_EQ(
      text,
      "rank 1 calls all_reduce of 8 f32 (sum) as collective 2, where rank 0 calls broadcast of 8 i32 from "
      "rank 0");
}

TEST(Judge, WaitsAMomentForTheOtherSidesOfADifference) {
  Judge judge(3, deadline);
  judge.hear(report(0, {lane({copy})}), 1.0);
  judge.hear(report(1, {lane({sum})}), 1.0);
  EXPECT_EQ(judge.verdict(1.1), "");
  judge.hear(report(2, {lane({sum})}), 1.2);
  EXPECT_EQ(judge.verdict(1.2).substr(0, 12), "rank 0 calls");
  // But not for ever.
  Judge other(3, deadline);
  other.hear(report(0, {lane({copy})}), 1.0);
  other.hear(report(1, {lane({sum})}), 1.0);
  EXPECT_EQ(other.verdict(1.6).substr(0, 12), "rank 1 calls");
}

TEST(Judge, HearsOfADifferenceThatIsLongPast) {
  std::vector<Call> calls(3 * calls_reported, sum), others = calls;
  others[1] = small_sum;
  EXPECT_EQ(verdict({report(0, {lane(calls, 2)}), report(1, {lane(others, 2)})}, 2),
            fmt::format("rank 1 called other collectives than rank 0 before collective {}",
                        2 * calls_reported + 1));
}

TEST(Judge, RemembersCallsThatOneRankHasPassedAndAnotherHasNot) {
  std::vector<Call> calls(3 * calls_reported, sum);
  Judge judge(2, deadline);
  judge.hear(report(0, {lane({calls.begin(), calls.begin() + calls_reported}, 2)}), 1.0);
  judge.hear(report(0, {lane(calls, 2)}), 2.0);
  judge.hear(report(1, {lane({sum, copy}, 2)}), 3.0);
  EXPECT_NE(judge.verdict(3.0), "");
}

TEST(Judge, ComparesGroupsByThemselvesAndMessagesNotAtAll) {
  const auto messages = Lane::Kind::messages;
  EXPECT_EQ(verdict({report(0, {lane({sum}, 1, "1:0"), lane({sum}, 3, "", messages)}),
                     report(1, {lane({copy}, 2, "1:1"), lane({copy}, 3, "", messages)}),
                     report(2, {lane({copy}, 2, "1:1"), lane({sum}, 3, "", background)})}),
            "");
  EXPECT_EQ(verdict({report(1, {lane({copy}, 2, "1:1")}), report(2, {lane({sum}, 2, "1:1")})}),
            "rank 2 calls all_reduce of 4096 f32 (sum) as collective 1 of group 1:1, where rank 1 calls "
            "broadcast of "
            "8 i32 from rank 0");
}

TEST(Judge, SaysWhoHasNotArrivedAndWhereItIs) {
  EXPECT_EQ(
      verdict({waits(0, {lane({copy, sum})}, 10.2), report(1, {lane({copy})}),
               waits(2, {lane({copy, sum})}, 10.1)}),
      "ranks 0 and 2 have waited 10.2 s in collective 2, all_reduce of 4096 f32 (sum); the deadline is 10 s\n"
      "  rank 1 on host-1 (pid 101) has not arrived: step 17, backward for 2.4 s");
}

TEST(Judge, SaysWhichCallsBlockEachOther) {
  // Rank 1 is in a collective that the others do not call before it has joined theirs.
  EXPECT_EQ(verdict({waits(0, {lane({sum}, 3, "", background)}, 10.2), waits(1, {lane({copy})}, 9),
                     waits(2, {lane({sum}, 3, "", background)}, 10.1)}),
            "all ranks have waited for each other for 10 s: rank 1 calls broadcast of 8 i32 from rank 0 as "
            "collective "
            "1, ranks 0 and 2 call all_reduce of 4096 f32 (sum) as background collective 1");
}

TEST(Judge, LooksForTheCauseBeyondTheGroup) {
  // Rank 0 waits for rank 1 in their group, rank 1 for rank 2 in the collective of all.
  EXPECT_EQ(
      verdict({waits(0, {lane({copy, sum}, 2, "1:0"), lane({sum})}, 10.2),
               waits(1, {lane({sum, copy}), lane({copy}, 2, "1:0")}, 9), report(2, {lane({sum})})}),
      "rank 0 has waited 10.2 s in collective 2 of group 1:0, all_reduce of 4096 f32 (sum); the deadline is "
      "10 "
      "s\n  rank 1 on host-1 (pid 101) has not arrived: step 17, backward for 2.4 s; it has waited 9.0 s in "
      "collective 2, broadcast of 8 i32 from rank 0\n"
      "  rank 2 on host-2 (pid 102) waits for nobody: step 17, backward for 2.4 s");
}

TEST(Judge, SaysWhenAllHaveArrivedAndTheNetworkIsToBlame) {
  EXPECT_EQ(
      verdict({waits(0, {lane({sum}, 2)}, 10.2), waits(1, {lane({sum}, 2)}, 10.1)}, 2),
      "ranks 0 and 1 have waited 10.2 s in collective 1, all_reduce of 4096 f32 (sum); the deadline is 10 s\n"
      "  all ranks are there, but it does not finish: is the network between them down, or slow?");
}

TEST(Judge, SaysWhoHasNotBeenHeardOf) {
  Judge judge(3, deadline);
  judge.hear(report(1, {lane({copy})}), 1.0);
  for (double now = 0; now < 11; now += 0.1) judge.hear(report(0, {lane({copy})}), now);
  EXPECT_EQ(judge.verdict(9.9), "");
  EXPECT_EQ(judge.verdict(10.9),
            "a rank is lost; the deadline is 10 s\n"
            "  rank 1 on host-1 (pid 101) has not been heard of for 9.9 s; its last word: step 17, backward "
            "for 2.4 s\n"
            "  rank 2 has never been heard of");
}

TEST(Judge, CanSpareSomeRanksUntilRank0HasLeft) {
  Judge judge(4, deadline);
  judge.can_spare(1, 3);
  for (int rank = 0; rank < 4; ++rank) judge.hear(report(rank), 1.0);
  for (const int rank : {0, 1, 3}) judge.hear(report(rank), 20.0);
  EXPECT_EQ(judge.verdict(20.0), "");  // without rank 2
  EXPECT_FALSE(judge.all_have_left());
  judge.hear(in_state(report(0), RankReport::State::left), 20.0);
  EXPECT_NE(judge.verdict(20.0).find("rank 2 on host-2 (pid 102) has not been heard of for 19.0 s"),
            std::string::npos);
  judge.hear(report(2), 20.0);
  EXPECT_EQ(judge.verdict(20.0), "");
  for (const int rank : {0, 1, 2}) judge.hear(report(rank), 40.0);
  const std::string verdict = judge.verdict(40.0);  // rank 3 is none that can be spared
  EXPECT_NE(verdict.find("rank 3 on host-3 (pid 103) has not been heard of"), std::string::npos) << verdict;
}

TEST(Judge, ARankThatIsStoppedInACollectiveHasArrivedButIsSilent) {
  Judge judge(2, deadline);
  judge.hear(waits(1, {lane({copy, sum}, 2)}, 0.1), 1.0);
  judge.hear(waits(0, {lane({copy, sum}, 2)}, 10.1), 10.5);
  EXPECT_EQ(
      judge.verdict(10.5),
      "ranks 0 and 1 have waited 10.1 s in collective 2, all_reduce of 4096 f32 (sum); the deadline is 10 s\n"
      "  rank 1 on host-1 (pid 101) has not been heard of for 9.5 s; its last word: step 17, backward for "
      "2.4 "
      "s");
}

TEST(Judge, NamesTheRankThatHasLeftAtOnce) {
  EXPECT_EQ(
      verdict({waits(0, {lane({copy, sum})}, 0.1),
               in_state(report(1, {lane({copy})}), RankReport::State::left),
               waits(2, {lane({copy, sum})}, 0.1)}),
      "rank 1 has left after collective 1 (step 17, backward for 2.4 s), while ranks 0 and 2 wait for it in "
      "collective 2, all_reduce of 4096 f32 (sum)");
}

TEST(Judge, ARankMayLeaveBeforeOthersHaveFinishedTheLastCollective) {
  Judge judge(2, deadline);
  judge.hear(waits(0, {lane({copy, sum}, 2)}, 0.1), 1.0);
  judge.hear(in_state(report(1, {lane({copy, sum}, 2)}), RankReport::State::left), 1.0);
  EXPECT_EQ(judge.verdict(1.0), "");
  EXPECT_FALSE(judge.all_have_left());
  judge.hear(in_state(report(0, {lane({copy, sum}, 2)}), RankReport::State::left), 1.2);
  EXPECT_TRUE(judge.all_have_left());
}

TEST(Judge, ARankThatFailedSpeaksForItselfUntilTheDeadline) {
  const auto failed = in_state(report(1, {lane({copy}, 2)}), RankReport::State::failed);
  EXPECT_EQ(verdict({waits(0, {lane({copy, sum}, 2)}, 0.1), failed}, 2), "");
  EXPECT_EQ(verdict({waits(0, {lane({copy, sum}, 2)}, 10.1), failed}, 2),
            "rank 0 has waited 10.1 s in collective 2, all_reduce of 4096 f32 (sum); the deadline is 10 s\n"
            "  rank 1 on host-1 (pid 101) has failed: step 17, backward for 2.4 s");
}

TEST(Judge, FollowsAMessageToItsOtherEnd) {
  const Call receive{.operation = Operation::receive, .peer = 1, .elements = 3};
  EXPECT_EQ(verdict({waits(0, {lane({receive}, 2, "", Lane::Kind::messages)}, 10.1), report(1)}, 2),
            "rank 0 has waited 10.1 s in message 1, receive of 3 f32 from rank 1; the deadline is 10 s\n"
            "  rank 1 on host-1 (pid 101) has not arrived: step 17, backward for 2.4 s");
}

TEST(Judge, ALongListIsCut) {
  std::vector<RankReport> reports;
  for (int rank = 0; rank < 20; ++rank)
    reports.push_back(rank < 10 ? waits(rank, {lane({sum}, 20)}, 11) : report(rank));
  const std::string text = verdict(reports, 20);
  EXPECT_EQ(text.substr(0, 39), "ranks 0, 1, 2, 3, 4, 5, 6 and 3 more ha");
  EXPECT_NE(text.find("\n  and 2 more ranks"), std::string::npos) << text;
}

TEST(RankReport, TravelsWhole) {
  RankReport sent = waits(2, {lane({copy, sum}), lane({sum}, 2, "1:0", background)}, 3.5);
  sent.state = RankReport::State::failed;
  sent.failure = "it broke";
  const auto bytes = to_bytes(sent);
  EXPECT_EQ(bytes.size(), report_bytes());
  const RankReport received = report_from_bytes(bytes);
  EXPECT_EQ(received.rank, 2);
  EXPECT_EQ(received.state, sent.state);
  EXPECT_EQ(received.pid, sent.pid);
  EXPECT_EQ(received.host, sent.host);
  EXPECT_EQ(received.where, sent.where);
  EXPECT_EQ(received.failure, sent.failure);
  EXPECT_EQ(received.wait, sent.wait);
  EXPECT_EQ(received.waited, 3.5);
  ASSERT_EQ(received.lanes.size(), 2u);
  EXPECT_EQ(received.lanes[1].name_of(1), "background collective 1 of group 1:0");
  EXPECT_EQ(received.lanes[1].size, 2);
  ASSERT_EQ(received.lanes[0].calls.size(), 2u);
  EXPECT_EQ(received.lanes[0].last, 2u);
  EXPECT_EQ(received.lanes[0].calls[1].call, sum);
  EXPECT_EQ(received.lanes[0].calls[1].history, sent.lanes[0].calls[1].history);
}

TEST(RankReport, LongTextsAndLogsAreCut) {
  RankReport sent = report(0, std::vector<Lane>(9, lane(std::vector<Call>(99, sum))));
  sent.lanes[0].calls.insert(sent.lanes[0].calls.begin(), 50, {});
  sent.where = "x";
  for (int i = 0; i < 1000; ++i) sent.where += "ü";
  const RankReport received = report_from_bytes(to_bytes(sent));
  EXPECT_EQ(received.lanes.size(), lanes_reported);
  EXPECT_EQ(received.lanes[0].calls.size(), calls_reported);
  EXPECT_EQ(received.lanes[0].calls.back().number, 99u);
  EXPECT_EQ(received.where, sent.where.substr(0, received.where.size()));
  EXPECT_EQ(received.where.size() % 2, 1u);  // whole characters of two bytes after the first
  EXPECT_GT(received.where.size(), 100u);
}

}  // namespace
}  // namespace gpt
