// What the launcher decides, reads and counts: without any process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "16_trainer/launch_hosts.hpp"
#include "16_trainer/launch_policy.hpp"
#include "16_trainer/launch_report.hpp"
#include "16_trainer/launch_run.hpp"
#include "scratch.hpp"

namespace gpt {
namespace {

using testing::HasSubstr;

// ── Decisions
// ───────────────────────────────────────────────────────────────────────────────────────────────

TEST(LaunchPolicy, ReadsTheEndOfAJob) {
  EXPECT_EQ(end_of_job(0, 100, 100), JobEnd::done);
  EXPECT_EQ(end_of_job(0, 60, 100), JobEnd::stopped) << "exit code 0, and 40 steps are missing";
  EXPECT_EQ(end_of_job(0, 120, 100), JobEnd::done) << "resumed with fewer --steps than are done";
  EXPECT_EQ(end_of_job(1, 60, 100), JobEnd::failure);
  EXPECT_EQ(end_of_job(127, 0, 100), JobEnd::failure) << "there is no mpirun";
  EXPECT_EQ(end_of_job(2, 0, 100), JobEnd::mistake);
  EXPECT_EQ(end_of_job(3, 60, 100), JobEnd::hung);
  for (const int signal : {6, 9, 11, 15}) EXPECT_EQ(end_of_job(128 + signal, 60, 100), JobEnd::killed);
  EXPECT_EQ(end_of_job(137, 100, 100), JobEnd::killed) << "all steps are done, but not what follows them";
  EXPECT_EQ(end_of_job(205, 60, 100), JobEnd::lost_host);
  EXPECT_EQ(end_of_job(255, 60, 100), JobEnd::lost_host);
}

TEST(LaunchPolicy, StartsAgainWhatANewStartCanCure) {
  for (const JobEnd end : {JobEnd::hung, JobEnd::killed, JobEnd::lost_host}) EXPECT_TRUE(is_recoverable(end));
  for (const JobEnd end : {JobEnd::done, JobEnd::stopped, JobEnd::mistake, JobEnd::failure})
    EXPECT_FALSE(is_recoverable(end)) << name_of(end);
}

TEST(LaunchPolicy, GivesUpWithoutProgress) {
  LaunchPolicy policy({.max_failures = 4, .back_off = 2}, 0);
  EXPECT_EQ(policy.after_failure(0), 0.0) << "the first failure costs no pause";
  EXPECT_EQ(policy.after_failure(0), 2.0);
  EXPECT_EQ(policy.after_failure(0), 4.0);
  EXPECT_EQ(policy.after_failure(0), std::nullopt);
}

TEST(LaunchPolicy, GoesOnAsLongAsThereIsProgress) {
  LaunchPolicy policy({.max_failures = 2, .back_off = 1}, 50);
  for (const int64_t checkpoint : {60, 70, 80, 90}) EXPECT_EQ(policy.after_failure(checkpoint), 0.0);
  EXPECT_EQ(policy.after_failure(90), std::nullopt);
}

TEST(LaunchPolicy, APauseHasAnEnd) {
  LaunchPolicy policy({.max_failures = 1000, .back_off = 1}, 0);
  double longest = 0;
  for (int failure = 0; failure < 900; ++failure) longest = std::max(longest, *policy.after_failure(0));
  EXPECT_EQ(longest, 60);
}

TEST(LaunchPolicy, RanksThatDieAgainComeBackLater) {
  LaunchPolicy policy({.max_failures = 10, .back_off = 1, .rejoin_after = 2}, 0);
  EXPECT_FALSE(policy.may_rejoin(1));
  EXPECT_TRUE(policy.may_rejoin(2));
  policy.rejoined(30);
  policy.after_failure(30);
  EXPECT_FALSE(policy.may_rejoin(3)) << "it died as soon as it was back: now 4 checkpoints";
  EXPECT_TRUE(policy.may_rejoin(4));
  policy.after_failure(50);
  EXPECT_TRUE(policy.may_rejoin(4)) << "another rank's failure says nothing of those that are waiting";
  policy.rejoined(70);
  policy.after_failure(80);
  EXPECT_TRUE(policy.may_rejoin(2)) << "this time it lived for a checkpoint";
}

TEST(LaunchPolicy, FitsRanksToTheBatch) {
  EXPECT_EQ(fitting_ranks(3, 12, 0), 3);
  EXPECT_EQ(fitting_ranks(8, 6, 0), 6) << "each rank needs a sequence";
  EXPECT_EQ(fitting_ranks(0, 6, 0), 0);
  EXPECT_EQ(fitting_ranks(3, 12, 0, 2), 2) << "two ranks share a model";
  EXPECT_EQ(fitting_ranks(8, 3, 0, 2), 6) << "each group needs a sequence";
}

TEST(LaunchPolicy, FitsRanksToTheTree) {
  EXPECT_EQ(fitting_ranks(3, 12, 8), 2) << "--reproducible takes powers of two";
  EXPECT_EQ(fitting_ranks(4, 12, 8), 4);
  EXPECT_EQ(fitting_ranks(16, 64, 8), 8) << "no more ranks than leaves";
  EXPECT_EQ(fitting_ranks(7, 3, 8), 2);
  EXPECT_EQ(fitting_ranks(0, 12, 8), 0);
}

// ── What a job says
// ─────────────────────────────────────────────────────────────────────────────────────────

const std::string rule(74, '-');

std::string read_all(LaunchReport& report, const std::vector<std::string>& lines) {
  std::string shown;
  for (const std::string& line : lines) shown += report.take(line);
  return shown + report.finish();
}

TEST(LaunchReport, NamesTheRankThatASignalEnded) {
  LaunchReport report;
  EXPECT_EQ(
      read_all(
          report,
          {"gpt: a rank's own words", rule, "Primary job  terminated normally, but 1 process returned",
           "a non-zero exit code.", rule, rule,
           "mpirun noticed that process rank 2 with PID 0 on node b exited on signal 9 (Killed).", rule}),
      "gpt: a rank's own words\n");
  ASSERT_TRUE(report.lost_rank());
  EXPECT_EQ(report.lost_rank()->rank, 2);
  EXPECT_EQ(report.lost_rank()->host, "b");
  EXPECT_EQ(report.lost_rank()->signal, 9);
}

TEST(LaunchReport, ReadsAMessageThatMpirunHasBroken) {
  LaunchReport report;
  read_all(report,
           {rule, "mpirun noticed that process rank 13 with PID 4711 on node a-very-long.name exited on",
            " signal 11 (Segmentation fault).", rule});
  ASSERT_TRUE(report.lost_rank());
  EXPECT_EQ(report.lost_rank()->rank, 13);
  EXPECT_EQ(report.lost_rank()->host, "a-very-long.name");
  EXPECT_EQ(report.lost_rank()->signal, 11);
}

TEST(LaunchReport, NamesTheRankThatTheWatchdogNamed) {
  for (const std::string line :
       {"gpt: rank 1 on b (pid 4711) has not been heard of for 60.0 s; its last word: step 4 > backward",
        "gpt: after 60 s in collective 7, all_reduce: rank 1 on b (pid 4711) has not arrived: step 4",
        "gpt: rank 1 on b has not been heard of for 60.0 s"}) {
    LaunchReport report;
    EXPECT_EQ(report.take(line), line + "\n") << "the sentence is for people, too";
    ASSERT_TRUE(report.lost_rank()) << line;
    EXPECT_EQ(report.lost_rank()->rank, 1);
    EXPECT_EQ(report.lost_rank()->host, "b");
    EXPECT_EQ(report.lost_rank()->signal, 0);
  }
}

TEST(LaunchReport, NamesTheHostThatWasLost) {
  LaunchReport report;
  EXPECT_EQ(read_all(report, {rule, "ORTE has lost communication with a remote daemon.", "",
                              "  HNP daemon   : [[1,0],0] on node a", "  Remote daemon: [[1,0],1] on node b",
                              "", "This is usually due to ...", rule}),
            "");
  EXPECT_EQ(report.lost_host(), "b");
  EXPECT_FALSE(report.lost_rank());
}

TEST(LaunchReport, NamesTheHostThatClosedTheConnection) {
  const std::vector<std::string> mpirun = {rule, "ORTE was unable to reliably start one or more daemons.",
                                           "This usually is caused by: ...", rule};
  LaunchReport report;
  EXPECT_EQ(report.take("Connection to b closed by remote host."), "");
  EXPECT_EQ(read_all(report, mpirun), "");
  EXPECT_EQ(report.lost_host(), "b");
  LaunchReport other;  // a daemon that could not be started has its message
  EXPECT_NE(read_all(other, mpirun), "");
  EXPECT_TRUE(other.lost_daemon());
  EXPECT_EQ(other.lost_host(), "");
}

TEST(LaunchReport, ShowsWhatItDoesNotKnow) {
  LaunchReport report;
  EXPECT_EQ(read_all(report, {"[a:00279] 1 more process has sent help message help-mpi.txt / x",
                              "mpirun: Forwarding signal 10 to job", rule, "unheard of", rule, "---", rule,
                              "no end"}),
            "unheard of\n---\nno end\n");
}

// ── Places
// ──────────────────────────────────────────────────────────────────────────────────────────────────

TEST(LaunchHosts, OfAList) {
  const LaunchHosts hosts = LaunchHosts::of_list("a:2,b,c:3");
  EXPECT_EQ(hosts.slots(), 6);
  EXPECT_EQ(hosts.list(), "a:2,b:1,c:3");
  EXPECT_FALSE(hosts.here());
}

TEST(LaunchHosts, TakeSoManyRanksEach) {
  EXPECT_EQ(LaunchHosts::of_list("a,b", 4).list(), "a:4,b:4");
  EXPECT_THROW(LaunchHosts::of_list("a:3,b", 4), UserError);
}

TEST(LaunchHosts, RefusesWhatIsNoList) {
  for (const char* list :
       {"", "a:", "a:0", "a:-1", "a:two", ":2", "a b", "a:2,,b", "-oProxyCommand=x:1", "a:1,a:1"})
    EXPECT_THAT(complaint([&] { LaunchHosts::of_list(list); }), HasSubstr("--hosts")) << list;
}

TEST(LaunchHosts, OfAFile) {
  const auto file = scratch_folder() / "hosts";
  write_quickly(file, "# the hosts\na slots=2 max_slots=4\n\nb\n");
  EXPECT_EQ(LaunchHosts::of_file(file).list(), "a:2,b:1");
  write_quickly(file, "# none\n");
  EXPECT_THAT(complaint([&] { LaunchHosts::of_file(file); }), HasSubstr("names no host"));
  EXPECT_THAT(complaint([&] { LaunchHosts::of_file(file.string() + "-none"); }), HasSubstr("-none"));
}

TEST(LaunchHosts, LosesARankWhereItsNameSays) {
  LaunchHosts hosts = LaunchHosts::of_list("a:2,b.example.org:2");
  hosts.lose_rank(0, "b");
  EXPECT_EQ(hosts.list(), "a:2,b.example.org:1") << "the name decides, not the number";
  EXPECT_EQ(hosts.left(), 3);
  EXPECT_EQ(hosts.replaceable(), 4);
  hosts.replace_ranks();
  EXPECT_EQ(hosts.list(), "a:2,b.example.org:2");
}

TEST(LaunchHosts, LosesARankWhereItsNumberSays) {
  LaunchHosts hosts = LaunchHosts::of_list("10.0.0.1:2,10.0.0.2:2");
  hosts.lose_rank(2, "somehow");
  EXPECT_EQ(hosts.list(), "10.0.0.1:2,10.0.0.2:1")
      << "ranks 0 and 1 are on the first host, 2 and 3 on the second";
  hosts.lose_rank(1, "somehow");
  hosts.lose_rank(1, "somehow");
  EXPECT_EQ(hosts.list(), "10.0.0.1:1")
      << "after the first loss rank 1 of the next job is on the second host";
  hosts.lose_rank(7, "somehow");
  EXPECT_EQ(hosts.left(), 1) << "there was no rank 7";
}

TEST(LaunchHosts, LosesHostsAndFindsThemAgain) {
  LaunchHosts hosts = LaunchHosts::of_list("a:2,b:2,c:1");
  hosts.lose_host("nobody");
  hosts.lose_host("b");
  EXPECT_EQ(hosts.list(), "a:2,c:1");
  EXPECT_EQ(hosts.replaceable(), 3) << "what cannot be reached cannot be replaced";
  hosts.hosts()[1].reachable = true;
  EXPECT_EQ(hosts.left(), 5);
}

TEST(LaunchHosts, OfThisMachine) {
  LaunchHosts hosts(4);
  EXPECT_TRUE(hosts.here());
  hosts.lose_rank(2, "any-name");
  EXPECT_EQ(hosts.left(), 3);
  hosts.lose_host("localhost");
  EXPECT_EQ(hosts.left(), 3) << "it is here";
}

// ── The run's folder
// ────────────────────────────────────────────────────────────────────────────────────────

TEST(LaunchedRun, IsReadFromItsFolder) {
  const RunFolder folder{scratch_folder() / "run"};
  LaunchedRun run(folder, 100);
  run.log("start", {{"ranks", 4}});
  EXPECT_FALSE(std::filesystem::exists(folder.path)) << "the trainer wants an empty folder";
  EXPECT_EQ(run.checkpoint(), 0);
  EXPECT_EQ(run.step(), 0);
  EXPECT_TRUE(run.is_free());

  for (const char* name : {"step-000020", "step-000100", ".partial-step-000120"})
    std::filesystem::create_directories(folder.checkpoints() / name);
  write_quickly(folder.metrics(), "{\"step\":1,\"loss\":2}\n{\"step\":12,\"loss\":2}\n{\"step\":13");
  EXPECT_EQ(run.checkpoint(), 100);
  EXPECT_EQ(run.step(), 12) << "the last line is not whole";
  write_quickly(folder.metrics(), "{\"step\":7}\n");
  EXPECT_EQ(run.step(), 7);
}

TEST(LaunchedRun, KeepsItsLogUntilThereIsARun) {
  const RunFolder folder{scratch_folder() / "run"};
  LaunchedRun run(folder, 100);
  run.log("start", {{"ranks", 4}});
  std::filesystem::create_directories(folder.path);
  write_quickly(folder.config(), "{}");
  run.log("killed", {{"ranks", 4}, {"step", 7}});
  std::ifstream file(folder.path / "launch.jsonl");
  std::string first, second, third;
  std::getline(file, first);
  std::getline(file, second);
  EXPECT_EQ(nlohmann::json::parse(first).at("event"), "start");
  EXPECT_EQ(nlohmann::json::parse(second).at("step"), 7);
  EXPECT_FALSE(std::getline(file, third));
}

TEST(LaunchedRun, KnowsThatSomebodyStillTrains) {
  const RunFolder folder{scratch_folder()};
  write_quickly(folder.config(), "{}");
  const LaunchedRun run(folder, 100);
  {
    const FolderLock lock(folder.path);
    EXPECT_FALSE(run.is_free());
  }
  EXPECT_TRUE(run.is_free());
}

}  // namespace
}  // namespace gpt
