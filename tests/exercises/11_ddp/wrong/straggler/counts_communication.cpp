// Says: the time of the sums themselves is no waiting
#include "exercises/11_ddp/straggler.hpp"

namespace gpt {

std::vector<size_t> stragglers(const std::vector<std::vector<StepTimes>>& times) {
  std::vector<size_t> last(times.empty() ? 0 : times[0].size(), 0);
  for (size_t step = 0; step < last.size(); ++step)
    for (size_t rank = 1; rank < times.size(); ++rank)
      if (times[rank][step].backward_end > times[last[step]][step].backward_end) last[step] = rank;
  return last;
}

double waited_for_stragglers(const std::vector<std::vector<StepTimes>>& times) {
  const std::vector<size_t> last = stragglers(times);
  double seconds = 0.0;
  for (const auto& rank : times)
    for (size_t step = 0; step < last.size(); ++step)
      seconds += rank[step].sums_end - rank[step].backward_end;
  return seconds;
}

}  // namespace gpt
