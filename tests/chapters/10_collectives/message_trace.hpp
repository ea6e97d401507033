#pragma once
// What a collective really sends. MPI lets a program put functions of its own in front of the library's
// (the profiling interface: MPI_Isend is a front door to PMPI_Isend); ours note every message.

#include <functional>
#include <vector>

namespace gpt {

/// One call of a rank: MPI_Isend, MPI_Irecv, or the wait for one of the two.
struct MessageEvent {
  enum Kind : int { send, receive, wait } kind;
  int partner;   ///< of send and receive: the other rank
  double bytes;  ///< of send and receive
  int of;        ///< of wait: the event waited for
};

/// Runs `body` on this rank and returns the calls of all ranks of MPI_COMM_WORLD, in order. Called by all.
std::vector<std::vector<MessageEvent>> traced(const std::function<void()>& body);

/// When the last rank is done, if a message of m bytes takes alpha + m·beta from the moment when both sides
/// have asked for it, and every rank sends one message and receives one at a time, in the order asked.
double replay(const std::vector<std::vector<MessageEvent>>& trace, double alpha, double beta);

}  // namespace gpt
