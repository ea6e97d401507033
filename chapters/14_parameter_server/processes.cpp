// The paces over MPI, in real time.

#include <chrono>
#include <thread>

#include "10_collectives/mpi_session.hpp"
#include "14_parameter_server/spiral_task.hpp"
#include "14_parameter_server/study.hpp"
#include "common/table.hpp"

namespace gpt {
namespace {

constexpr double step_seconds = 0.01, seconds = 2.0;

struct Numbers {
  double others = 0, first = 0;  // steps
  double loss = 0, updates = 0, stale = 0;
};

/// Trains for `seconds`; the result is the same on all ranks. Computing is played by sleeping, so that
/// workers do not compete for processors that this machine may not have.
Numbers train(Mailbox& mailbox, const Roles& roles, const std::string& pace, double slowness) {
  const SpiralTask task(roles.workers), first(1);
  const std::vector<ShardRange> shards = cut_into_shards(first.store(0).size(), roles.servers);
  const ServerOptions options{
      .workers = roles.workers, .pace = parse_pace(pace), .rate = constant_schedule(0.4)};
  const Tensor values = Tensor::zeros({first.store(0).size()});
  double numbers[4] = {};  // steps of the others, steps of worker 0, updates, staleness
  const auto start = std::chrono::steady_clock::now();
  const auto now = [start] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  if (roles.serves(mailbox.rank())) {
    const ShardRange shard = shards[static_cast<size_t>(mailbox.rank() - roles.workers)];
    ParameterServer server(first.store(0), shard, options);
    serve(mailbox, server, now);
    values.slice(0, shard.from, shard.to).copy_from(server.values());
    if (mailbox.rank() == roles.workers) {
      numbers[2] = static_cast<double>(server.version());
      double gradients = 0;
      for (size_t k = 0; k < server.staleness().size(); ++k) {
        numbers[3] += static_cast<double>(k) * static_cast<double>(server.staleness()[k]);
        gradients += static_cast<double>(server.staleness()[k]);
      }
      numbers[3] /= gradients;
    }
  } else {
    const int rank = mailbox.rank();
    ParameterClient client(task.store(rank), shards, rank, options.block, /*incremental=*/true);
    Worker worker(mailbox, client, roles);
    int64_t step = 0;
    for (; now() < seconds; ++step) {
      worker.pull();
      task.gradient(rank, step);
      std::this_thread::sleep_for(std::chrono::duration<double>(step_seconds * (rank == 0 ? slowness : 1.0)));
      worker.push();
    }
    worker.leave();
    numbers[rank == 0 ? 1 : 0] = static_cast<double>(step);
  }
  MPI_CHECK(MPI_Allreduce(MPI_IN_PLACE, numbers, 4, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD));
  MPI_CHECK(MPI_Allreduce(MPI_IN_PLACE, values.data<float>(), static_cast<int>(values.elements()), MPI_FLOAT,
                          MPI_SUM, MPI_COMM_WORLD));
  return {numbers[0], numbers[1], task.loss(values), numbers[2], numbers[3]};
}

}  // namespace

void show_processes(Mailbox& mailbox, int servers, double slowness, bool stable) {
  const Roles roles{mailbox.size() - servers, servers};
  GPT_REQUIRE(servers > 0 && roles.workers >= 2, "{} ranks with {} servers leave no two workers",
              mailbox.size(), servers);
  Table table({{"pace"},
               {"all alike", "others' steps a s", "{:.0f}"},
               {"worker 0 slow", "others' steps a s", "{:.0f}"},
               {"kept", "%", "{:.0f}"},
               {"worker 0", "steps a s", "{:.0f}"},
               {"staleness", "mean", "{:.1f}"},
               {"loss", {}, "{:.2f}"}});
  for (const char* pace : {"sync", "stale:3", "async"}) {
    if (stable) {
      table.row(pace, "?", "?", "?", "?", "?", "?");
      continue;
    }
    const Numbers alike = train(mailbox, roles, pace, 1), slow = train(mailbox, roles, pace, slowness);
    table.row(pace, alike.others / seconds, slow.others / seconds, 100 * slow.others / alike.others,
              slow.first / seconds, slow.stale, slow.loss);
  }
  fmt::print("{} workers, {} servers, worker 0 {} times slower\n\n{}", roles.workers, servers, slowness,
             table.text());
}

}  // namespace gpt
