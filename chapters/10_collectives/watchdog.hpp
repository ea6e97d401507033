#pragma once
// Ends a job that cannot go on, and says why.

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "10_collectives/judge.hpp"
#include "10_collectives/report_exchange.hpp"
#include "common/trace.hpp"

namespace gpt {

struct WatchdogOptions {
  std::string program;   ///< the name in front of its messages
  double deadline = 60;  ///< seconds that a rank may keep others waiting
};

/// Watches over the ranks of a job, from its construction to its destruction on all of them. A thread on each
/// rank reports to rank 0 ten times a second, over a communicator of its own: what the rank is doing, and its
/// log of collectives. When ranks call different collectives, when one has left while others wait for it, or
/// when one keeps others waiting or stays silent for longer than the deadline, rank 0 says so on stderr and
/// all processes end with exit_lost_rank. A rank that does not hear of rank 0 for longer than the deadline
/// ends by itself.
///
/// Time in which this process did not run (stopped, or the machine suspended) does not count.
class Watchdog {
 public:
  /// Log and trace outlive it. Collective.
  Watchdog(MPI_Comm parent, const CollectiveLog& log, const Trace& trace, WatchdogOptions options);
  /// Says that this rank has left, and waits for the others to leave. When an exception ends this rank it
  /// waits for a moment only: where a collective failed because another rank called a different one, rank 0
  /// names the cause and ends the job meanwhile.
  ~Watchdog();
  /// While patient (all ranks alike), ranks may wait for longer than the deadline as long as all are heard
  /// of: where one rank prepares something for all, and nobody can say how long it will take.
  void be_patient(bool patient) { patient_ = patient; }
  /// From now on the ranks from first to last - 1 may be lost, and the others go on: who waits for nobody in
  /// a collective can do without them, until rank 0 leaves. Rank 0's word counts.
  void can_spare(int first, int last);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void run();
  RankReport report(double elapsed);
  bool preside(const RankReport& mine);
  bool attend(const RankReport& mine);

  const CollectiveLog& log_;
  const Trace& trace_;
  const WatchdogOptions options_;
  int rank_ = 0, size_ = 1;
  std::string host_;
  int exceptions_;  // in flight when this was made
  std::atomic<bool> patient_ = false;
  std::unique_ptr<ReportExchange> exchange_;

  // Of the thread:
  std::unique_ptr<Judge> judge_;  // rank 0's
  double now_ = 0;                // seconds in which this process ran
  double calm_ = 0;               // no verdict before
  bool was_patient_ = false;
  std::vector<std::pair<Wait, double>> waits_;  // and for how many seconds
  double heard_ = 0;                            // of rank 0
  Answer last_answer_;

  std::mutex mutex_;
  std::pair<int, int> spare_{0, 0};  // the ranks that may be lost: first, and behind the last
  std::condition_variable changed_;
  RankReport::State state_ = RankReport::State::running;
  bool stop_ = false, closed_ = false;
  std::thread thread_;
};

}  // namespace gpt
