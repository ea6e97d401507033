#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace gpt {

struct CheckpointInfo {
  int64_t step = 0;
  std::optional<double> val_loss;  ///< where it was measured
};

/// Which checkpoints to remove, by step, in ascending order: all but the `keep` newest and the best one, that
/// of the least validation loss (of equal ones the newest). One whose loss is not a number is never the best.
/// `all` is in any order. keep >= 1.
std::vector<int64_t> checkpoints_to_remove(const std::vector<CheckpointInfo>& all, size_t keep);

}  // namespace gpt
