#pragma once
// What a launcher does after a job has ended: decisions alone, without processes, files or clocks.

#include <cstdint>
#include <optional>

namespace gpt {

/// mpirun's exit code where it lost the connection to a host.
constexpr int exit_lost_connection = 205;

/// Why a job of ranks ended.
enum class JobEnd {
  done,     ///< all steps are done
  stopped,  ///< on request, with a checkpoint
  mistake,  ///< the user's: the job would only repeat its sentence
  failure,  ///< the program found something wrong, such as a loss that is no number: so again would the next
  hung,     ///< a rank kept the others waiting until the watchdog ended the job
  killed,   ///< a signal ended a rank
  lost_host,  ///< a host went, or could not be reached
};

/// `code`: mpirun's exit code, that of the first rank to fail, 128 and a signal's number, or one of its own
/// for hosts. "Done" and "stopped" are both 0; what tells them apart is on the disk: the newest checkpoint's
/// step and the `steps` of the whole run.
JobEnd end_of_job(int code, int64_t checkpoint, int64_t steps);

/// "done", "stopped", …: what launch.jsonl calls it.
const char* name_of(JobEnd end);

/// Is another start worth a try?
bool is_recoverable(JobEnd end);

/// The largest number of ranks, at most `places`, that can share `batch` sequences a step; a power of two up
/// to `leaves` where that is more than 0 (--reproducible adds in a binary tree). With `tp` more than 1, so
/// many ranks share a model, and a sequence. 0 where there is none.
int fitting_ranks(int places, int64_t batch, int64_t leaves, int64_t tp = 1);

/// How patient a launcher is.
struct LaunchRules {
  int max_failures = 5;  ///< in a row, with no new checkpoint between them
  double back_off = 1;   ///< seconds before the third start of such a row; each later one waits twice as long
  int64_t rejoin_after = 1;  ///< checkpoints that a smaller job writes before lost ranks are taken back in
};

/// The history of a launch, as far as it decides what comes next.
class LaunchPolicy {
 public:
  /// `checkpoint`: step of the newest one when all begins; 0 where there is none.
  LaunchPolicy(const LaunchRules& rules, int64_t checkpoint);

  /// A job failed in a way that is_recoverable(). Seconds to wait before the next start; nothing: give up.
  std::optional<double> after_failure(int64_t checkpoint);
  int failures() const { return failures_; }  ///< in a row without a new checkpoint

  /// The job that begins now, from this checkpoint, has taken ranks back in.
  void rejoined(int64_t checkpoint) { rejoined_at_ = checkpoint; }
  /// May a smaller job that has written so many checkpoints be stopped, to take ranks back in?
  bool may_rejoin(int64_t checkpoints_written) const { return checkpoints_written >= rejoin_after_; }
  /// Are ranks that die replaced at once?
  bool replaces_at_once() const { return rejoin_after_ == 0; }

 private:
  LaunchRules rules_;
  int64_t checkpoint_;  // the newest at the last failure
  int failures_ = 0;
  int64_t rejoin_after_;                // doubled for ranks that die again as soon as they are back
  std::optional<int64_t> rejoined_at_;  // by the job of now
};

}  // namespace gpt
