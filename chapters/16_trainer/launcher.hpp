#pragma once
// The loop around the job: start it, watch it, and start again what is left of it.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "16_trainer/launch_hosts.hpp"
#include "16_trainer/launch_policy.hpp"
#include "16_trainer/launch_probes.hpp"
#include "16_trainer/launch_process.hpp"
#include "16_trainer/launch_report.hpp"
#include "16_trainer/launch_run.hpp"

namespace gpt {

/// What is to be launched, and within which limits.
struct LaunchPlan {
  std::vector<std::string> words;  ///< of `gpt train`: options with --out, without --resume
  std::string again;               ///< the command that goes on with the run later
  int ranks = 1;                   ///< wanted
  int min_ranks = 1;
  int64_t batch = 1;      ///< sequences of a step
  int64_t leaves = 0;     ///< with --reproducible, else 0
  int64_t tp = 1;         ///< ranks that share a model
  double patience = 600;  ///< seconds to wait for hosts where fewer than min_ranks are left
  double ask_every = 10;  ///< seconds between two questions to a host that is lost
  LaunchRules rules;
};

/// One launch: jobs of ranks, one after the other, until the run is done, nobody wants it any more, or
/// nothing more can be done.
class Launcher {
 public:
  Launcher(LaunchPlan plan, LaunchHosts hosts, LaunchedRun run);

  /// Returns the exit code of the last job: 0 when the run is done, or was stopped on request.
  int launch();

 private:
  using Clock = std::chrono::steady_clock;
  struct Ending {
    int code = 0;
    int64_t step = 0;  // in which it was
    LaunchReport report;
  };

  std::vector<std::string> command(int ranks) const;
  Ending run_job(int ranks);
  void take_wish(const ChildProcess& job);
  bool may_rejoin(int ranks, int64_t checkpoints) const;

  std::string cause_of(const Ending& ending, JobEnd end) const;
  int ranks_after(const Ending& ending, JobEnd end);
  int give_up(const std::string& sentence);
  void lose(const Ending& ending, JobEnd end);
  int ranks_left(const std::string& cause);
  int fitting(int places) const;

  void wait_for_events(int more = -1);
  bool wait_until(double seconds, const std::function<bool()>& reached);

  LaunchPlan plan_;
  LaunchHosts hosts_;
  LaunchedRun run_;
  LaunchPolicy policy_;
  LaunchSignals signals_;
  HostProbes probes_;
  std::optional<Clock::time_point> wished_;  // when somebody asked for the end
  bool rejoining_ = false;                   // the job was asked to stop, so that more ranks can run
};

}  // namespace gpt
