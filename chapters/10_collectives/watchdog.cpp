#include "10_collectives/watchdog.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <utility>

#include "10_collectives/daemon.hpp"
#include "common/program.hpp"

namespace gpt {
namespace {

using namespace std::chrono_literals;

constexpr auto poll_interval = 100ms, closing_interval = 2ms;
constexpr double longest_gap = 1.0;  // seconds between two polls; more means that the process stood still
constexpr double recovery = 1.5;     // seconds to hear of the others anew
constexpr auto failure_patience = 500ms;  // for the other ranks, which may have failed alike
constexpr auto judgement_patience = 2s;   // for rank 0, to find why a collective failed
constexpr double head_start = 1.0;        // rank 0 speaks first
constexpr double daemon_patience = 1.5;   // seconds for the daemon of a host, to hear of the end by itself
constexpr double turn = 0.25;             // then the others, one after the other

std::string host_name() {
  char name[65] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

// [end]
void say(const std::string& message) {
  if (::ftrylockfile(stdout) == 0) {  // the main thread may be writing, and never finish
    std::fflush(stdout);
    ::funlockfile(stdout);
  }
  const std::string line = message + "\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

/// No destructor and no MPI_Abort, which may wait for what is lost: the process is gone, and mpirun, which
/// sees its exit code, ends the others, stopped ones too.
[[noreturn]] void end_process() {
  ::_exit(exit_lost_rank);
}
// [/end]

}  // namespace

Watchdog::Watchdog(MPI_Comm parent, const CollectiveLog& log, const Trace& trace, WatchdogOptions options)
    : log_(log),
      trace_(trace),
      options_(std::move(options)),
      host_(host_name()),
      exceptions_(std::uncaught_exceptions()),
      exchange_(std::make_unique<ReportExchange>(parent)) {
  MPI_CHECK(MPI_Comm_rank(parent, &rank_));
  MPI_CHECK(MPI_Comm_size(parent, &size_));
  if (rank_ == 0) judge_ = std::make_unique<Judge>(size_, options_.deadline);
  thread_ = std::thread([this] { run(); });
}

// [close]
Watchdog::~Watchdog() {
  std::unique_lock lock(mutex_);
  const bool failed = std::uncaught_exceptions() > exceptions_;
  state_ = failed ? RankReport::State::failed : RankReport::State::left;
  changed_.notify_all();
  const auto is_closed = [&] { return closed_; };
  if (!failed)
    changed_.wait(lock, is_closed);
  else
    changed_.wait_for(lock, log_.snapshot(0, 0).failure.empty() ? failure_patience : judgement_patience,
                      is_closed);
  stop_ = true;
  const bool finished = closed_;
  lock.unlock();
  changed_.notify_all();
  thread_.join();
  // Messages may be under way still, and arrive in memory that must be there: it is left to the end of the
  // process.
  if (!finished) static_cast<void>(exchange_.release());
}
// [/close]

void Watchdog::can_spare(int first, int last) {
  const std::lock_guard lock(mutex_);
  spare_ = {first, last};
}

// [run]
void Watchdog::run() {
  auto before = std::chrono::steady_clock::now();
  for (bool going = true; going;) {
    const auto start = std::chrono::steady_clock::now();
    const double gap = std::chrono::duration<double>(start - before).count();
    const double elapsed = std::min(gap, longest_gap);
    before = start;
    now_ += elapsed;
    if (gap > longest_gap) calm_ = now_ + recovery;
    const RankReport mine = report(elapsed);
    going = rank_ == 0 ? preside(mine) : attend(mine);

    std::unique_lock lock(mutex_);
    closed_ = !going;
    const bool closing = mine.state != RankReport::State::running;
    changed_.wait_for(lock, closing ? closing_interval : poll_interval,
                      [&] { return stop_ || (!closing && state_ != RankReport::State::running); });
    going = going && !stop_;
  }
  changed_.notify_all();
}
// [/run]

RankReport Watchdog::report(double elapsed) {
  CollectiveLog::Snapshot log =
      log_.snapshot(lanes_reported, rank_ == 0 ? CollectiveLog::calls_kept : calls_reported);
  std::vector<std::pair<Wait, double>> waits;
  const std::pair<Wait, double>* longest = nullptr;
  for (const Wait& wait : log.waits) {
    const auto before = std::find_if(waits_.begin(), waits_.end(), [&](auto& w) { return w.first == wait; });
    waits.emplace_back(wait, before == waits_.end() ? 0.0 : before->second + elapsed);
  }
  waits_ = std::move(waits);
  for (const auto& wait : waits_)
    if (!longest || wait.second > longest->second) longest = &wait;

  const std::lock_guard lock(mutex_);
  return {.rank = rank_,
          .state = state_,
          .pid = ::getpid(),
          .host = host_,
          .where = trace_.where(),
          .lanes = std::move(log.lanes),
          .wait = longest ? std::optional(longest->first) : std::nullopt,
          .waited = longest ? longest->second : 0.0,
          .failure = std::move(log.failure)};
}

// [preside]
/// A round of rank 0. Returns false when all ranks have left and know it.
bool Watchdog::preside(const RankReport& mine) {
  const bool patient = patient_;
  judge_->be_patient(patient);
  {
    const std::lock_guard lock(mutex_);
    judge_->can_spare(spare_.first, spare_.second);
  }
  if (was_patient_ && !patient) calm_ = now_ + recovery;  // reports may still tell of the long wait
  was_patient_ = patient;
  judge_->hear(mine, now_);
  for (const RankReport& report : exchange_->reports()) judge_->hear(report, now_);

  Answer answer{Answer::Order::go_on, fmt::format("{} (pid {})", host_, mine.pid), mine.where};
  const std::string verdict = now_ < calm_ ? "" : judge_->verdict(now_);
  if (!verdict.empty()) {
    say(options_.program + ": " + verdict);
    answer.order = Answer::Order::end;
    exchange_->answer_all(answer);
    end_process();
  }
  if (judge_->all_have_left()) answer.order = Answer::Order::close;
  exchange_->answer_all(answer);
  return !exchange_->closed();
}

/// A round of another rank. Returns false when rank 0 says that all have left.
bool Watchdog::attend(const RankReport& mine) {
  if (const auto answer = exchange_->answer()) {
    heard_ = now_;
    last_answer_ = *answer;
    if (answer->order == Answer::Order::end) end_process();
    if (answer->order == Answer::Order::close) return false;
  }
  const double silence = now_ - heard_;
  if (silence > options_.deadline + head_start + turn * std::min(rank_ - 1, 8)) {
    say(fmt::format("{}: rank 0 on {} has not been heard of for {:.1f} s{}{}", options_.program,
                    last_answer_.from.empty() ? "an unknown host" : last_answer_.from, silence,
                    last_answer_.where.empty() ? "" : "; its last word: ", last_answer_.where));
    end_daemon_unless_it_ends(daemon_patience);
    end_process();
  }
  exchange_->tell(mine);
  return true;
}
// [/preside]

}  // namespace gpt
