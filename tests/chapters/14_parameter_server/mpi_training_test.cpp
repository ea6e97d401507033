// Workers and servers as processes. The last rank serves; with four ranks the last two.

#include <gtest/gtest.h>

#include "10_collectives/mpi_session.hpp"
#include "14_parameter_server/serve.hpp"
#include "server_group.hpp"

namespace gpt {
namespace {

constexpr int64_t steps = 12;
const std::vector<int64_t> widths{2, 12, 2};

class MpiTraining : public testing::Test {
 protected:
  MpiTraining() : mailbox_(MPI_COMM_WORLD) {
    roles_.servers = mailbox_.size() < 4 ? 1 : 2;
    roles_.workers = mailbox_.size() - roles_.servers;
  }

  ServerOptions options(std::string_view pace) const {
    return {.workers = roles_.workers, .pace = parse_pace(pace), .rate = constant_schedule(0.1), .block = 16};
  }
  int rank() const { return mailbox_.rank(); }

  /// Trains; returns the servers' parameters, on all ranks. A worker that is `silent` says nothing after
  /// three steps; `now` is the servers' clock.
  std::vector<float> train(const ServerOptions& options, int silent = -1,
                           const std::function<double(const ParameterServer&)>& now = nullptr) {
    const SpiralTask task(roles_.workers, widths);
    const SpiralTask first(1, widths);
    const std::vector<ShardRange> shards = cut_into_shards(first.store(0).size(), roles_.servers);
    std::vector<float> all(static_cast<size_t>(first.store(0).size()));
    if (roles_.serves(rank())) {
      const ShardRange shard = shards[static_cast<size_t>(rank() - roles_.workers)];
      ParameterServer server(first.store(0), shard, options);
      serve(mailbox_, server, [&] { return now ? now(server) : 0.0; });
      std::ranges::copy(server.values().span<float>(), all.begin() + shard.from);
      served_ = server.version();
    } else {
      ParameterClient client(task.store(rank()), shards, rank(), options.block, /*incremental=*/true);
      Worker worker(mailbox_, client, roles_);
      for (int64_t step = 0; step < steps && !(rank() == silent && step == 3); ++step) {
        worker.pull();
        task.gradient(rank(), step);
        worker.push();
      }
      if (rank() != silent) worker.leave();
    }
    MPI_CHECK(MPI_Allreduce(MPI_IN_PLACE, all.data(), static_cast<int>(all.size()), MPI_FLOAT, MPI_SUM,
                            MPI_COMM_WORLD));
    return all;
  }

  Mailbox mailbox_;
  Roles roles_;
  int64_t served_ = 0;  // updates of this rank's server
};

TEST_F(MpiTraining, SynchronousTrainingGivesWhatTheSimulationGives) {
  const SpiralTask task(roles_.workers, widths);
  const ServerGroup group(SpiralTask(1, widths).store(0), 1, options("sync"));
  std::vector<SimulatedWorker> workers;
  for (int w = 0; w < roles_.workers; ++w) workers.push_back(steady_worker(task, w, 1));
  Simulation(group.pointers(), workers, {}, 16).run(steps, 1e9);
  EXPECT_EQ(train(options("sync")), group.values());
}

TEST_F(MpiTraining, EveryGradientIsApplied) {
  for (const char* pace : {"async", "stale:1"}) {
    train(options(pace));
    if (roles_.serves(rank())) {
      EXPECT_EQ(served_, steps * roles_.workers) << pace;
    }
  }
}

/// The servers' clock stands still until nobody but the silent worker is left to be waited for: no process is
/// ever taken for dead because it is slow.
TEST_F(MpiTraining, ASilentWorkerStopsNobody) {
  if (roles_.workers < 2) return;
  ServerOptions with_lease = options("sync");
  with_lease.lease = 10;
  train(with_lease, 0, [&](const ParameterServer& server) {
    const bool alone = server.clocks().lives(0) && server.clocks().clock(0) == 3 &&
                       server.waiting() == roles_.workers - 1 && server.version() == 3;
    return alone && server.clocks().clock(1) == 4 ? 11.0 : 0.0;
  });
  if (roles_.serves(rank())) {
    EXPECT_EQ(served_, steps);
  }
}

TEST_F(MpiTraining, WhatIsNoMessageIsRefused) {
  if (rank() == 0) {
    mailbox_.send(roles_.workers, std::vector<std::byte>(10));
    const Message answer(mailbox_.wait().bytes);
    EXPECT_EQ(answer.header().kind, Kind::refused);
    EXPECT_NE(answer.text().find("a message of 10 bytes, less than a header"), std::string::npos)
        << answer.text();
  }
  train(options("async"));
}

}  // namespace
}  // namespace gpt
