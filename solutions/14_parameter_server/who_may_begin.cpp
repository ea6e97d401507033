#include "exercises/14_parameter_server/who_may_begin.hpp"

#include <algorithm>

namespace gpt {

bool may_begin(const std::vector<int64_t>& clocks, const std::vector<bool>& lives, int worker,
               int64_t bound) {
  const int64_t mine = clocks.at(static_cast<size_t>(worker));
  int64_t slowest = mine;
  for (size_t w = 0; w < clocks.size(); ++w)
    if (lives[w]) slowest = std::min(slowest, clocks[w]);
  return mine - slowest <= bound;
}

}  // namespace gpt
