#pragma once
// How a run with servers ends, with everybody or without somebody.

#include <string>
#include <vector>

#include "14_parameter_server/serve.hpp"

namespace gpt {

// [farewell]
/// MPI_Finalize waits for all ranks, the dead ones too. So before it comes, rank 0 tells everybody how the
/// run ended, over the mailbox, which waits for nobody: if somebody was lost, each process that is left ends
/// at once with exit_lost_rank, and mpirun has nobody to wait for.
class Farewell {
 public:
  /// The mailbox outlives it.
  explicit Farewell(Mailbox& mailbox) : mailbox_(mailbox) {}

  /// On rank 0, when all is saved. Returns when nobody was lost; else says so in one sentence and ends.
  void say(const std::vector<int>& lost);
  /// On the others, when they have done their part. Returns when nobody was lost.
  void await();
  /// Says why this rank cannot go on, and ends it; all who can be reached end, too.
  [[noreturn]] void give_up(const std::string& reason);
  /// Ends this process with exit_lost_rank, and leaves MPI as it is.
  [[noreturn]] static void end();

 private:
  void tell_everybody(const std::vector<int>& lost);

  Mailbox& mailbox_;
};
// [/farewell]

/// A server's list of the workers that it has lost, for rank 0.
Message lost_workers(const ParameterServer& server);
/// The ranks in such a message.
std::vector<int> ranks_in(const Message& message);

}  // namespace gpt
