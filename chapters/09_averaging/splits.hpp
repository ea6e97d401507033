#pragma once
// Which worker gets which samples.

#include <cstdint>
#include <string_view>
#include <vector>

namespace gpt {

enum class Split {
  block,   ///< the first n/N samples to worker 0, the next to worker 1, …: like cutting a book into parts
  line,    ///< sample i to worker i mod N: like dealing cards
  random,  ///< the samples shuffled, then in blocks
};

/// The numbers, out of 0 … samples-1, of the samples of one worker, in the order in which it visits them.
/// Every sample belongs to exactly one worker, and the workers' counts differ by at most one. A function of
/// its arguments alone, so every worker can compute its own share, and nobody has to hand it out.
std::vector<int64_t> shard(Split split, int64_t samples, int workers, int worker, uint64_t seed = 0);

std::string_view name_of(Split split);

}  // namespace gpt
