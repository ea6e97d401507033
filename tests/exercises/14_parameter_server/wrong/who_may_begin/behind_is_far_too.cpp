// Says: the slowest must go on, or all wait forever
#include <cstdlib>

#include "exercises/14_parameter_server/who_may_begin.hpp"

namespace gpt {

bool may_begin(const std::vector<int64_t>& clocks, const std::vector<bool>& lives, int worker,
               int64_t bound) {
  for (size_t w = 0; w < clocks.size(); ++w)
    if (lives[w] && std::abs(clocks[w] - clocks.at(static_cast<size_t>(worker))) > bound) return false;
  return true;
}

}  // namespace gpt
