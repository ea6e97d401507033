// Says: what the run was made for
#include "exercises/16_trainer/keep_checkpoints.hpp"

#include <algorithm>
#include <cmath>

namespace gpt {

std::vector<int64_t> checkpoints_to_remove(const std::vector<CheckpointInfo>& all, size_t keep) {
  std::vector<CheckpointInfo> sorted = all;
  std::sort(sorted.begin(), sorted.end(), [](auto& a, auto& b) { return a.step < b.step; });
  const CheckpointInfo* best = nullptr;
  for (const CheckpointInfo& checkpoint : sorted)
    if (checkpoint.val_loss && !std::isnan(*checkpoint.val_loss) &&
        (!best || *checkpoint.val_loss <= *best->val_loss))
      best = &checkpoint;
  std::vector<int64_t> removed;
  for (size_t i = 0; i + keep < sorted.size(); ++i) removed.push_back(sorted[i].step);
  return removed;
}

}  // namespace gpt
