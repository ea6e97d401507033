#include "16_trainer/launch_policy.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "common/program.hpp"

namespace gpt {
namespace {

constexpr int no_daemon = 255;  // mpirun: a host could not be reached
constexpr int after_signal = 128;
constexpr double longest_wait = 60;  // seconds

}  // namespace

// [end_of_job]
JobEnd end_of_job(int code, int64_t checkpoint, int64_t steps) {
  switch (code) {
    case exit_ok:
      return checkpoint >= steps ? JobEnd::done : JobEnd::stopped;
    case exit_user_error:
      return JobEnd::mistake;
    case exit_lost_rank:
      return JobEnd::hung;
    case exit_lost_connection:
    case no_daemon:
      return JobEnd::lost_host;
    default:
      return code > after_signal ? JobEnd::killed : JobEnd::failure;
  }
}

bool is_recoverable(JobEnd end) {
  return end == JobEnd::hung || end == JobEnd::killed || end == JobEnd::lost_host;
}
// [/end_of_job]

const char* name_of(JobEnd end) {
  switch (end) {
    case JobEnd::done:
      return "done";
    case JobEnd::stopped:
      return "stopped";
    case JobEnd::mistake:
      return "mistake";
    case JobEnd::failure:
      return "failure";
    case JobEnd::hung:
      return "hung";
    case JobEnd::killed:
      return "killed";
    case JobEnd::lost_host:
      return "lost host";
  }
  return "";
}

// [fitting_ranks]
int fitting_ranks(int places, int64_t batch, int64_t leaves, int64_t tp) {
  int64_t ranks = std::min(places / tp, batch) * tp;
  if (leaves > 0)
    ranks = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(std::min(ranks, leaves))));
  return static_cast<int>(std::max<int64_t>(0, ranks));
}
// [/fitting_ranks]

LaunchPolicy::LaunchPolicy(const LaunchRules& rules, int64_t checkpoint)
    : rules_(rules), checkpoint_(checkpoint), rejoin_after_(rules.rejoin_after) {}

// [after_failure]
std::optional<double> LaunchPolicy::after_failure(int64_t checkpoint) {
  failures_ = checkpoint > checkpoint_ ? 1 : failures_ + 1;
  checkpoint_ = checkpoint;
  if (rejoined_at_) rejoin_after_ = checkpoint > *rejoined_at_ ? rules_.rejoin_after : 2 * rejoin_after_;
  rejoined_at_.reset();
  if (failures_ >= rules_.max_failures) return {};
  return failures_ < 2 ? 0.0 : std::min(longest_wait, rules_.back_off * std::exp2(failures_ - 2));
}
// [/after_failure]

}  // namespace gpt
