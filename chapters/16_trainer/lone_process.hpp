#pragma once
// Processes that were started as several, and do not find each other.

#include "09_averaging/communicator.hpp"

namespace gpt {

/// Throws when a launcher says in the environment that it has started several processes, and MPI says that
/// this one is alone: each would train by itself, all of them in one folder. UserError on the first of them,
/// one sentence; FailedTogether, without a word, on the others.
void require_company(const Communicator& communicator);

}  // namespace gpt
