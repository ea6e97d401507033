// Says: a misspelt option is as wrong again
#include "exercises/16_trainer/what_next.hpp"

#include <algorithm>
#include <bit>

namespace gpt {

Next what_next(const std::vector<EndedJob>& jobs, int64_t steps, int patience) {
  const EndedJob& last = jobs.back();
  if (last.exit_code == 0) return last.checkpoint >= steps ? Next::rest : Next::start_again;
  int in_vain = 0;  // jobs in a row that were broken off without a new checkpoint
  int64_t newest = 0;
  for (const EndedJob& job : jobs) {
    const bool progress = job.exit_code == 0 || job.checkpoint > newest;
    in_vain = progress ? 0 : in_vain + 1;
    newest = std::max(newest, job.checkpoint);
  }
  return in_vain >= patience ? Next::give_up : Next::start_again;
}

int next_ranks(int alive, int64_t batch, int64_t leaves) {
  const auto ranks = static_cast<uint64_t>(std::min<int64_t>(alive, batch));
  if (leaves == 0) return static_cast<int>(ranks);
  return static_cast<int>(std::bit_floor(std::min(ranks, static_cast<uint64_t>(leaves))));
}

}  // namespace gpt
