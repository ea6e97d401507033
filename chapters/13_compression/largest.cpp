#include "13_compression/largest.hpp"

#include <algorithm>
#include <bit>
#include <functional>

namespace gpt {

// [largest]
std::vector<int32_t> largest(std::span<const float> x, int64_t k) {
  // As bits, sizes are ordered as the numbers are.
  const auto size = [](float v) { return std::bit_cast<uint32_t>(v) & 0x7fffffff; };
  std::vector<uint32_t> sizes(x.size());
  std::ranges::transform(x, sizes.begin(), size);
  std::ranges::nth_element(sizes, sizes.begin() + (k - 1), std::greater());
  const uint32_t smallest = sizes[static_cast<size_t>(k - 1)];
  int64_t equal =
      k - std::count_if(sizes.begin(), sizes.begin() + (k - 1), [&](uint32_t s) { return s > smallest; });
  std::vector<int32_t> positions;
  for (size_t i = 0; i < x.size(); ++i)
    if (size(x[i]) > smallest || (size(x[i]) == smallest && equal-- > 0))
      positions.push_back(static_cast<int32_t>(i));
  return positions;
}
// [/largest]

}  // namespace gpt
