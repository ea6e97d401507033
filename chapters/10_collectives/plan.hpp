#pragma once
// Which algorithm for which size of message.

#include <limits>
#include <span>
#include <string>
#include <vector>

#include "10_collectives/algorithm.hpp"

namespace gpt {

/// For messages up to each bound, the algorithm that reduces them. A small value: it can be written down and
/// read again, because sums of floating-point numbers depend on their order, and so on the algorithm.
struct AllReducePlan {
  static constexpr int64_t unlimited = std::numeric_limits<int64_t>::max();

  struct Range {
    int64_t up_to;  ///< bytes of a message, this many included
    AllReduceAlgorithm algorithm;
    bool operator==(const Range&) const = default;
  };
  std::vector<Range> ranges;  ///< by growing bound; the last one is unlimited

  /// One algorithm for all sizes.
  static AllReducePlan only(AllReduceAlgorithm algorithm) { return {{{unlimited, algorithm}}}; }

  AllReduceAlgorithm at(int64_t bytes) const;
  bool uses(AllReduceAlgorithm algorithm) const;
  bool operator==(const AllReducePlan&) const = default;
};

/// "64KiB:recursive-doubling,*:ring".
std::string to_string(const AllReducePlan& plan);
/// The reverse. Throws UserError, one sentence.
AllReducePlan parse_plan(std::string_view text);
/// The algorithm that name_of() calls so. Throws UserError, which names them all.
AllReduceAlgorithm algorithm_named(std::string_view name);

/// A good plan without measuring, for ranks on these hosts (see hosts_of()).
AllReducePlan default_plan(std::span<const int> hosts);

}  // namespace gpt
