#pragma once
// Do all ranks have the same, and if not, who has not?

#include <cstdint>
#include <optional>
#include <vector>

#include "09_averaging/communicator.hpp"

namespace gpt {

/// All ranks' numbers in order of rank: as many from each. Collective.
std::vector<uint64_t> gather_numbers(const std::vector<uint64_t>& mine, Communicator& communicator);

/// The first rank whose number differs from the one that most ranks have, and the first of those ranks; on a
/// tie the lower rank is believed.
struct OddRank {
  int rank, other;
};
/// Nothing when all numbers are the same. `numbers`: one of each rank.
std::optional<OddRank> find_odd_rank(const std::vector<uint64_t>& numbers);

}  // namespace gpt
