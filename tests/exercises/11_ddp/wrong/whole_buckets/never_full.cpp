// Says: 8 bytes fit into 8
#include "exercises/11_ddp/whole_buckets.hpp"

namespace gpt {

std::vector<size_t> whole_buckets(const std::vector<int64_t>& sizes, int64_t limit) {
  std::vector<size_t> first;
  int64_t filled = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (first.empty() || filled + sizes[i] >= limit) {
      first.push_back(i);
      filled = 0;
    }
    filled += sizes[i];
  }
  return first;
}

}  // namespace gpt
