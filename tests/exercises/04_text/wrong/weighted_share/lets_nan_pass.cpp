// Says: ask for what must be true
#include "exercises/04_text/weighted_share.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "common/check.hpp"

namespace gpt {

std::vector<int64_t> weighted_shares(int64_t rows, const std::vector<double>& speeds) {
  const double total = std::accumulate(speeds.begin(), speeds.end(), 0.0);
  GPT_CHECK(total != 0.0 && std::none_of(speeds.begin(), speeds.end(), [](double s) { return s < 0.0; }),
            "{} workers with a speed of {} together", speeds.size(), total);
  std::vector<int64_t> from{0};
  double before = 0.0;
  for (const double speed : speeds) {
    before += speed;
    from.push_back(static_cast<int64_t>(std::floor(static_cast<double>(rows) * before / total)));
  }
  from.back() = rows;  // whatever the rounding of the sum was
  return from;
}

double step_seconds(const std::vector<int64_t>& from, const std::vector<double>& speeds) {
  double longest = 0.0;
  for (size_t r = 0; r < speeds.size(); ++r)
    if (from[r + 1] > from[r])
      longest = std::max(longest, static_cast<double>(from[r + 1] - from[r]) / speeds[r]);
  return longest;
}

}  // namespace gpt
