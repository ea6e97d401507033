#pragma once
// What the chapter's program shows: the paces against each other in virtual time, and over MPI in real time.

#include <string>

#include "14_parameter_server/serve.hpp"

namespace gpt {

/// One slow worker of four: what it costs the others, and the loss over time. With `figures` not empty,
/// writes modes.svg into that folder.
void show_modes(const std::string& figures);
/// The loss after as many gradients, against the staleness that they had. Writes staleness.svg.
void show_staleness(const std::string& figures);
/// A worker that dies after five steps.
void show_death();
/// Bytes of full and of incremental pulls.
void show_pulls();
/// The servers' links against a ring.
void show_links();

/// The same paces between processes: worker 0 is `slowness` times as slow as the others. All ranks call it;
/// the last `servers` of them serve.
void show_processes(Mailbox& mailbox, int servers, double slowness, bool stable);

}  // namespace gpt
