#pragma once
// Before the first step: are all ranks about to do the same?

#include <string>
#include <vector>

#include "09_averaging/communicator.hpp"

namespace gpt {

/// Something that must be the same on all ranks, such as {"bucket plan", "0-1000 1000-1200"}.
struct Agreement {
  std::string what;
  std::string value;
};

/// Compares the ranks' agreements by their checksums. Returns "" when all are the same; else one sentence,
/// the same on all ranks, on the first that differs: "rank 2 has another bucket plan than rank 0: 0-1200, not
/// 0-1000 1000-1200". The first rank is one that differs from most others, or, between two, from the lower;
/// long values are left out. All ranks list the same agreements in the same order, or the sentence says that
/// they do not. Collective.
std::string find_disagreement(const std::vector<Agreement>& agreements, Communicator& communicator);

}  // namespace gpt
