#pragma once
// --servers S: the last S ranks own the parameters, and the others send them gradients (chapter 14).

#include "16_trainer/preparation.hpp"
#include "common/trace.hpp"

namespace gpt {

/// A whole run. The workers are ranks 0 … W-1, each with its share of every global batch; rank 0 also
/// measures and writes. A worker that is lost, or says nothing for `lease` seconds while the others wait, is
/// left out from there on; a lost server or rank 0 end the run. Returns the exit code. Collective at the
/// beginning only.
int train_with_servers(Preparation& preparation, Communicator& communicator, double lease, Trace& trace);

}  // namespace gpt
