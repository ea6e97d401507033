// killed_worker: two workers of three and a server go on after the third was killed. Started by mpirun with
// orte_enable_recovery, which else ends them all.

#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "10_collectives/mpi_session.hpp"
#include "14_parameter_server/serve.hpp"
#include "14_parameter_server/spiral_task.hpp"

namespace {

using namespace gpt;

constexpr int64_t steps = 12, last_step = 5;
constexpr int victim = 1;

void work(Mailbox& mailbox, const Roles& roles, const SpiralTask& task,
          const std::vector<ShardRange>& shards) {
  ParameterClient client(task.store(mailbox.rank()), shards, mailbox.rank(), 1024, /*incremental=*/true);
  Worker worker(mailbox, client, roles);
  for (int64_t step = 0; step < steps; ++step) {
    worker.pull();
    task.gradient(mailbox.rank(), step);
    if (mailbox.rank() == victim && step == last_step) ::raise(SIGKILL);
    worker.push();
  }
  worker.leave();
}

/// The server's clock stands still until the victim alone is waited for, so nobody is taken for dead who is
/// slow.
void answer(Mailbox& mailbox, const Roles& roles, const SpiralTask& task, ShardRange shard) {
  ParameterServer server(task.store(0), shard, {.workers = roles.workers, .lease = 10});
  const ClockTable& clocks = server.clocks();
  serve(mailbox, server, [&] {
    const bool alone =
        clocks.lives(victim) && server.waiting() == roles.workers - 1 && clocks.clock(0) > last_step;
    return alone ? 11.0 : 0.0;
  });
  std::printf("%d updates, the victim %s\n", static_cast<int>(server.version()),
              clocks.lives(victim) ? "lives" : "is dead");
}

}  // namespace

int main() {
  const MpiSession session;
  Mailbox mailbox(MPI_COMM_WORLD);
  const Roles roles{session.size() - 1, 1};
  const SpiralTask task(roles.workers, {2, 12, 2});
  const std::vector<ShardRange> shards = cut_into_shards(task.store(0).size(), 1);
  if (roles.serves(session.rank()))
    answer(mailbox, roles, task, shards[0]);
  else
    work(mailbox, roles, task, shards);
  std::fflush(stdout);
  ::_exit(0);  // MPI_Finalize may wait for the dead
}
