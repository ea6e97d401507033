#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gpt {

/// Divides `rows` rows among workers by speed: worker r gets the rows from[r] … from[r + 1] - 1 (so from has
/// one entry more than there are workers, from 0 to `rows`), with from[r] = ⌊rows · (speeds[0] + … + speeds[r
/// - 1]) / Σ speeds⌋. Throws Error unless the speeds are not negative and their sum is positive.
std::vector<int64_t> weighted_shares(int64_t rows, const std::vector<double>& speeds);

/// How long a step takes: the slowest worker's time, where worker r does speeds[r] rows a second.
double step_seconds(const std::vector<int64_t>& from, const std::vector<double>& speeds);

}  // namespace gpt
