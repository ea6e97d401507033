#pragma once
// A server's share of a run, in the trainer's own checkpoints.

#include <filesystem>

#include "14_parameter_server/server.hpp"
#include "16_trainer/checkpoint.hpp"

namespace gpt {

/// Writes the moments of a server's shard into the checkpoint that is being made, as --zero does: any layout
/// can read them. The folder is made where there is none yet. Throws UserError.
void save_server_moments(const std::filesystem::path& checkpoints, int64_t step, const ParameterStore& whole,
                         ParameterServer& server, int number, int servers);

/// Fills a server's moments from a checkpoint of any layout; it counts `updates` from then on.
void load_server_moments(const std::filesystem::path& checkpoint, const Gpt& model, ParameterServer& server,
                         int64_t updates);

/// A server's parameters as an answer to a worker that did not ask: the end of a run.
Message last_values(const ParameterServer& server, int worker, int64_t block);

}  // namespace gpt
