#pragma once
// --servers, --async and --stale: who may have them, and what they are to chapter 14.

#include "14_parameter_server/pace.hpp"
#include "16_trainer/config.hpp"

namespace gpt {

/// Throws UserError, one sentence, for --servers, --async and --stale where they contradict each other or a
/// choice that has no meaning with them.
void validate_servers(const TrainConfig& config);

/// "sync", "async" or "stale:N", as chapter 14 has it.
Pace pace_of(const TrainConfig& config);

}  // namespace gpt
