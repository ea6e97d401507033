#pragma once
// The two loops: that of a server, and that of a worker's step.

#include <functional>
#include <limits>

#include "14_parameter_server/client.hpp"
#include "14_parameter_server/mailbox.hpp"
#include "14_parameter_server/server.hpp"

namespace gpt {

/// Which ranks work and which serve: the workers are ranks 0 … workers-1, the servers those after them.
struct Roles {
  int workers = 1, servers = 1;

  int rank_of_server(int server) const { return workers + server; }
  bool serves(int rank) const { return rank >= workers; }
};

/// Answers until every worker has left or is dead. `now` gives the seconds that leases are counted in;
/// `after_update` is called after each change of the parameters: there a server may save itself.
void serve(Mailbox& mailbox, ParameterServer& server, const std::function<double()>& now,
           const std::function<void()>& after_update = nullptr);

/// The steps of one worker.
class Worker {
 public:
  /// Waits for answers for `patience` seconds at the most.
  Worker(Mailbox& mailbox, ParameterClient& client, const Roles& roles,
         double patience = std::numeric_limits<double>::infinity())
      : mailbox_(mailbox), client_(client), roles_(roles), patience_(patience) {}

  /// Waits until all servers let this worker begin its next step, and has their parameters then. False when
  /// the run has ended meanwhile. Throws Silence when a server does not answer, and Error when it refuses.
  bool pull();
  /// Hands the gradients over, and goes on.
  void push();
  /// Says that this was the last step.
  void leave();

 private:
  Mailbox& mailbox_;
  ParameterClient& client_;
  Roles roles_;
  double patience_;
};

}  // namespace gpt
