#pragma once
// The backward pass, cut into the layers of the model.

#include <string>
#include <vector>

#include "03_optimizers/parameter_store.hpp"
#include "common/timing.hpp"

namespace gpt {

/// The part of a GPT to which a parameter belongs, by its name: "h.3.attn.c_attn.weight" to "layer 3",
/// "ln_f.bias" to "head", the tables wte and wpe to "embedding".
std::string part_of(const std::string& parameter_name);

struct BackwardPart {
  std::string name;
  Interval interval;
};

/// Cuts a backward pass into parts, in the order of time. A part ends when the last of its parameters is
/// ready, and begins where the one before it ended, the first one with the pass. `ready`: by parameter, as
/// DataParallel::ready_times(); a part none of whose gradients came is left out. The token table serves the
/// first and the last operation of a GPT, so "embedding" ends last, and what belongs to it of the time before
/// is in "head".
std::vector<BackwardPart> backward_parts(const ParameterStore& parameters, const Interval& backward,
                                         const std::vector<std::chrono::steady_clock::time_point>& ready);

}  // namespace gpt
