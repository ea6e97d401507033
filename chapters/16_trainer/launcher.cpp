#include "16_trainer/launcher.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "common/check.hpp"
#include "common/program.hpp"

namespace gpt {
namespace {

using namespace std::chrono_literals;

constexpr auto glance = 100ms;          // how often the run's folder is looked at
constexpr auto one_wish = 1s;           // within it a second one is the same, as `timeout` sends it
constexpr double last_words = 1.0;      // seconds; a lost host's ssh may hold on to the pipe
constexpr double others_patience = 30;  // seconds for a lost host's ranks to end, and for hosts to answer

/// For people; a terminal that is closed must not end a run.
void show(const std::string& text) {
  std::fputs(text.c_str(), stderr);
}

void say(const std::string& sentence) {
  show(fmt::format("launch: {}\n", sentence));
}

std::string signal_name(int number) {
  const char* name = ::sigabbrev_np(number);
  return name ? fmt::format("SIG{}", name) : fmt::format("signal {}", number);
}

std::string in_words(int ranks) {
  return fmt::format("{} rank{}", ranks, ranks == 1 ? "" : "s");
}

void pass_on(ChildProcess& job, LaunchReport& report) {
  for (const std::string& line : job.take_lines()) show(report.take(line));
}

}  // namespace

Launcher::Launcher(LaunchPlan plan, LaunchHosts hosts, LaunchedRun run)
    : plan_(std::move(plan)),
      hosts_(std::move(hosts)),
      run_(std::move(run)),
      policy_(plan_.rules, run_.checkpoint()) {}

// [launch]
int Launcher::launch() {
  for (int ranks = plan_.ranks;;) {
    run_.log("start", {{"ranks", ranks}, {"step", run_.checkpoint()}});
    const Ending ending = run_job(ranks);
    const JobEnd end = end_of_job(ending.code, run_.checkpoint(), run_.steps());
    run_.log(
        name_of(end),
        {{"ranks", ranks}, {"step", ending.step}, {"code", ending.code}, {"cause", cause_of(ending, end)}});
    const bool rejoining = end == JobEnd::stopped && rejoining_;
    ranks = !wished_ && (rejoining || is_recoverable(end)) ? ranks_after(ending, end) : 0;
    if (ranks > 0 && !wished_) continue;
    if ((end == JobEnd::stopped || is_recoverable(end)) && run_.folder().holds_a_run())
      say("go on with " + plan_.again);
    return ending.code;  // of other endings the job has spoken itself
  }
}
// [/launch]

std::vector<std::string> Launcher::command(int ranks) const {
  std::vector<std::string> words{"mpirun", "-np", std::to_string(ranks)};
  if (!hosts_.here()) {
    words.insert(words.end(), {"--host", hosts_.list()});
    for (const char* name : {"GPT_HOSTS", "GPT_TERMINAL", "GPT_LAUNCH", "OMP_NUM_THREADS"})
      if (std::getenv(name)) words.insert(words.end(), {"-x", name});
  }
  words.push_back(std::filesystem::read_symlink("/proc/self/exe").string());
  words.push_back("train");
  words.insert(words.end(), plan_.words.begin(), plan_.words.end());
  if (run_.folder().holds_a_run()) words.push_back("--resume");
  return words;
}

// [run_job]
Launcher::Ending Launcher::run_job(int ranks) {
  rejoining_ = false;
  Ending ending;
  const int64_t first_step = run_.step();
  int64_t checkpoint = run_.checkpoint(), written = 0;
  Clock::time_point probed = Clock::now();
  ChildProcess job(command(ranks), SIGUSR1);  // mpirun passes SIGUSR1 on, and the ranks save
  while (!job.exit_code()) {
    wait_for_events(job.errors());
    take_wish(job);
    pass_on(job, ending.report);
    run_.flush();
    if (const int64_t newest = run_.checkpoint(); newest > checkpoint) {
      checkpoint = newest;
      ++written;
    }
    if (Clock::now() > probed + std::chrono::duration<double>(plan_.ask_every)) {
      probed = Clock::now();
      probes_.ask(hosts_, true);
    }
    const bool can_save = written > 0 || run_.step() > first_step;  // not so ranks that have just begun
    if (!rejoining_ && !wished_ && can_save && checkpoint < run_.steps() && may_rejoin(ranks, written)) {
      rejoining_ = true;
      job.signal(SIGUSR1);
    }
  }
  wait_until(last_words, [&] {
    pass_on(job, ending.report);
    return job.errors() < 0;
  });
  show(ending.report.finish());
  ending.code = *job.exit_code();
  // A daemon that was there and ended took its host along; the code may be that of its last words.
  if (ending.report.lost_daemon() && run_.step() > first_step) ending.code = exit_lost_connection;
  ending.step = run_.step() + (ending.code == exit_ok ? 0 : 1);
  return ending;
}
// [/run_job]

/// The first wish lets the ranks save, the second ends the job at once.
void Launcher::take_wish(const ChildProcess& job) {
  if (!signals_.take_wish()) return;
  if (!wished_) {
    wished_ = Clock::now();
    if (!rejoining_) job.signal(SIGUSR1);  // a second one would be an order to the ranks
  } else if (Clock::now() > *wished_ + one_wish) {
    job.signal(SIGTERM);
  }
}

bool Launcher::may_rejoin(int ranks, int64_t checkpoints) const {
  return fitting(hosts_.replaceable()) > ranks && policy_.may_rejoin(checkpoints);
}

// [ranks_after]
/// Decides on the next job's ranks, says so, and waits as long as it must; 0: nothing more can be done.
int Launcher::ranks_after(const Ending& ending, JobEnd end) {
  const int64_t checkpoint = run_.checkpoint();
  const std::string cause = cause_of(ending, end);
  double pause = 0;
  if (end == JobEnd::stopped) {
    hosts_.replace_ranks();
    policy_.rejoined(checkpoint);
  } else {
    const std::optional<double> wait = policy_.after_failure(checkpoint);
    if (!wait)
      return give_up(fmt::format("{}; giving up: the job has failed {} times without a new checkpoint", cause,
                                 policy_.failures()));
    pause = *wait;
    lose(ending, end);
  }
  const int ranks = ranks_left(cause);
  if (ranks == 0)
    return give_up(fmt::format("{}; giving up: fewer than {} are left", cause, in_words(plan_.min_ranks)));
  say(fmt::format("{}; {} with {} from {}{}", cause, checkpoint > 0 ? "going on" : "beginning again",
                  in_words(ranks), checkpoint > 0 ? fmt::format("step {}", checkpoint) : "the start",
                  pause > 0 ? fmt::format(" in {:g} s", pause) : ""));
  wait_until(pause, [] { return false; });
  wait_until(others_patience, [&] { return run_.is_free(); });
  return ranks;
}
// [/ranks_after]

int Launcher::give_up(const std::string& sentence) {
  run_.log("gave up", {{"step", run_.checkpoint()}, {"cause", sentence}});
  say(sentence);
  return 0;
}

std::string Launcher::cause_of(const Ending& ending, JobEnd end) const {
  const auto& lost = ending.report.lost_rank();
  const auto rank = [&] {
    return fmt::format("rank {}{}", lost->rank, hosts_.here() ? "" : " on host " + lost->host);
  };
  switch (end) {
    case JobEnd::done:
      return "done";
    case JobEnd::stopped:
      return fmt::format("the job was stopped after step {}{}", ending.step,
                         rejoining_ ? " to take ranks back in" : "");
    case JobEnd::mistake:
    case JobEnd::failure:
      return fmt::format("the job ended with exit code {}", ending.code);
    case JobEnd::hung:
      return lost ? fmt::format("{} kept the others waiting in step {}", rank(), ending.step)
                  : fmt::format("the ranks' watchdog ended the job in step {}", ending.step);
    case JobEnd::killed:
      return fmt::format("{} was ended by {} in step {}", lost ? rank() : "the job",
                         signal_name(lost && lost->signal ? lost->signal : ending.code - 128), ending.step);
    case JobEnd::lost_host:
      return ending.report.lost_host().empty() ? "a host could not be reached"
                                               : fmt::format("the connection to host {} was lost in step {}",
                                                             ending.report.lost_host(), ending.step);
  }
  return "";
}

/// Takes off the list what is lost, and asks which hosts are still there.
void Launcher::lose(const Ending& ending, JobEnd end) {
  if (const auto& lost = ending.report.lost_rank(); lost && end != JobEnd::lost_host)
    hosts_.lose_rank(lost->rank, lost->host);
  if (policy_.replaces_at_once()) hosts_.replace_ranks();
  if (end == JobEnd::killed) return;
  hosts_.lose_host(ending.report.lost_host());
  probes_.ask(hosts_, false);
  wait_until(others_patience, [&] { return !probes_.waiting(); });
}

/// Ranks that the places that are left can take. Where these are too few, those that died are replaced, or
/// lost hosts waited for; 0: in vain.
int Launcher::ranks_left(const std::string& cause) {
  const auto enough = [&](int places) { return fitting(places) >= plan_.min_ranks; };
  if (!enough(hosts_.left())) hosts_.replace_ranks();
  if (!enough(hosts_.left()) && HostProbes::possible() && !hosts_.here()) {
    say(fmt::format("{}; waiting for hosts: fewer than {} are left", cause, in_words(plan_.min_ranks)));
    wait_until(plan_.patience, [&] {
      probes_.ask(hosts_, true);
      return enough(hosts_.left());
    });
  }
  return enough(hosts_.left()) ? fitting(hosts_.left()) : 0;
}

int Launcher::fitting(int places) const {
  return std::min(plan_.ranks,
                  fitting_ranks(std::min(places, plan_.ranks), plan_.batch, plan_.leaves, plan_.tp));
}

/// Waits for a moment, a signal, or something to read in `more`.
void Launcher::wait_for_events(int more) {
  std::array<pollfd, 2> files{{{signals_.descriptor(), POLLIN, 0}, {more, POLLIN, 0}}};
  ::poll(files.data(), files.size(), static_cast<int>(std::chrono::milliseconds(glance).count()));
  probes_.take(hosts_);
}

/// Waits between two jobs; false when the time is over, or somebody wants all to end.
bool Launcher::wait_until(double seconds, const std::function<bool()>& reached) {
  const auto deadline = Clock::now() + std::chrono::duration<double>(seconds);
  while (!reached()) {
    if (wished_ || Clock::now() >= deadline) return false;
    wait_for_events();
    if (signals_.take_wish()) wished_ = Clock::now();
  }
  return true;
}

}  // namespace gpt
