// Says: versions count updates, not changes
#include "exercises/14_parameter_server/changed_blocks.hpp"

#include <algorithm>

namespace gpt {

void ChangedBlocks::record(std::span<const float> before, std::span<const float> after) {
  if (!std::ranges::equal(before, after)) ++version_;
  for (size_t b = 0; b < last_change_.size(); ++b) {
    const size_t from = b * static_cast<size_t>(block_);
    const size_t count = std::min(static_cast<size_t>(block_), after.size() - from);
    if (!std::ranges::equal(before.subspan(from, count), after.subspan(from, count)))
      last_change_[b] = version_;
  }
}

std::vector<int> ChangedBlocks::since(int64_t version) const {
  std::vector<int> blocks;
  for (size_t b = 0; b < last_change_.size(); ++b)
    if (last_change_[b] > version) blocks.push_back(static_cast<int>(b));
  return blocks;
}

}  // namespace gpt
