// Says: where does the next class begin?
#include "exercises/09_averaging/stratified_shard.hpp"

#include <algorithm>

namespace gpt {

std::vector<int64_t> stratified_shard(const Tensor& labels, int64_t classes, int workers, int worker) {
  std::vector<int64_t> mine;
  for (int64_t k = 0, dealt = 0; k < classes; ++k, dealt = 0)
    for (int64_t i = 0; i < labels.elements(); ++i)
      if (labels.data<int32_t>()[i] == k && dealt++ % workers == worker) mine.push_back(i);
  std::sort(mine.begin(), mine.end());
  return mine;
}

}  // namespace gpt
