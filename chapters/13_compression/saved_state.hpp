#pragma once
// What the ranks have yet to send, for a checkpoint.

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "13_compression/compression.hpp"

namespace gpt {

/// The state of all ranks: "momentum.0", "momentum.1", … where each has its part, and one row where they have
/// one together.
using SavedState = std::vector<std::pair<std::string, Tensor>>;

/// Copies of all ranks' rows, on rank 0; nothing on the others. Collective. The copies take as much memory as
/// all ranks' states together.
SavedState gather_state(Compression& compression, Communicator& communicator);

/// Puts it back, on the rank with this number: `read(name)` gives the row that a checkpoint holds. On as many
/// ranks as saved it, each gets what it had. On another number, what they all had yet to send is shared out
/// evenly: only the sum matters, so nothing is lost. Throws what `read` throws.
void restore_state(Compression& compression, int rank, int ranks, int saved_ranks,
                   const std::function<Tensor(const std::string& name, const Shape& shape)>& read);

}  // namespace gpt
