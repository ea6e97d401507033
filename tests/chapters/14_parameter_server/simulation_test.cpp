#include "14_parameter_server/simulation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "09_averaging/averaging.hpp"
#include "server_group.hpp"

namespace gpt {
namespace {

constexpr double forever = std::numeric_limits<double>::infinity();

/// So that two servers' shards are cut in the middle of parameters, and have several blocks each.
const std::vector<int64_t> widths{2, 12, 2};

ServerOptions options_of(int workers, std::string_view pace, std::string optimizer = "gd") {
  return {.workers = workers,
          .pace = parse_pace(pace),
          .optimizer = std::move(optimizer),
          .rate = constant_schedule(0.1),
          .block = 16};
}

struct Outcome {
  std::vector<float> values;
  std::vector<Arrival> arrivals;
  WireBytes bytes;
  double time = 0;
  std::vector<int64_t> steps;  // of each worker
};

/// Trains `steps` steps on workers of which step k of worker w takes seconds(w, k).
Outcome simulate(const ServerOptions& options, int servers, int64_t steps,
                 const std::function<double(int, int64_t)>& seconds, double until = forever,
                 bool incremental = false, int64_t first_dies_after = -1) {
  const SpiralTask task(options.workers, widths);
  const ServerGroup group(SpiralTask(1, widths).store(0), servers, options);
  std::vector<SimulatedWorker> workers;
  for (int w = 0; w < options.workers; ++w) {
    workers.push_back(steady_worker(task, w, 0));
    workers.back().seconds = [&seconds, w](int64_t step) { return seconds(w, step); };
  }
  workers[0].dies_after = first_dies_after;
  Simulation simulation(group.pointers(), workers, {.alpha = 1e-3, .beta = 1e-7, .gamma = 0}, options.block,
                        incremental);
  Outcome result;
  result.steps.resize(static_cast<size_t>(options.workers));
  simulation.run(steps, until, [&](const Arrival& arrival) {
    result.arrivals.push_back(arrival);
    ++result.steps[static_cast<size_t>(arrival.worker)];
  });
  result.values = group.values();
  result.bytes = simulation.traffic();
  result.time = simulation.time();
  return result;
}

double random_seconds(uint64_t seed, int worker, int64_t step) {
  const RandomStream random(seed, RandomUse::example, static_cast<uint64_t>(worker));
  return 0.01 + random.uniform(static_cast<uint64_t>(step));
}

TEST(Simulation, SynchronousTrainingEqualsAllReduceBitForBit) {
  constexpr int64_t steps = 10;
  for (const char* optimizer : {"gd", "adamw"}) {
    for (const int workers : {1, 2, 3}) {
      std::vector<float> expected;
      const SpiralTask task(workers, widths);
      run_threads(workers, [&](Communicator& communicator) {
        const int rank = communicator.rank();
        const ParameterStore& store = task.store(rank);
        const auto step = make_optimizer(optimizer, store);
        for (int64_t k = 0; k < steps; ++k) {
          task.gradient(rank, k);
          average(communicator, store.gradients());
          step->step(0.1);
        }
        if (rank == 0)
          for (const float x : store.values().span<float>()) expected.push_back(x);
      });
      for (const int servers : {1, 2, 3}) {
        const Outcome outcome =
            simulate(options_of(workers, "sync", optimizer), servers, steps,
                     [&](int w, int64_t k) { return random_seconds(static_cast<uint64_t>(servers), w, k); });
        EXPECT_EQ(outcome.values, expected) << optimizer << ", " << workers << " workers, " << servers;
      }
    }
  }
}

TEST(Simulation, NobodyIsEverFartherAheadThanTheBound) {
  for (const int64_t bound : {0, 1, 3}) {
    int64_t farthest = 0;
    for (uint64_t seed = 0; seed < 10; ++seed) {
      const Outcome outcome =
          simulate(options_of(4, fmt::format("stale:{}", bound)), 2, 12, [&](int w, int64_t k) {
            return random_seconds(seed, w, k) * (w == static_cast<int>(seed % 4) ? 5 : 1);
          });
      EXPECT_EQ(outcome.arrivals.size(), 4u * 12);
      for (const Arrival& arrival : outcome.arrivals) farthest = std::max(farthest, arrival.ahead);
    }
    EXPECT_EQ(farthest, bound) << "neither more nor, with a slow worker, less";
  }
}

TEST(Simulation, AnIncrementalPullGivesTheSameParameters) {
  for (const char* pace : {"sync", "async", "stale:1"}) {
    const auto seconds = [](int w, int64_t k) { return random_seconds(5, w, k); };
    const Outcome full = simulate(options_of(3, pace), 2, 10, seconds, forever, false);
    const Outcome some = simulate(options_of(3, pace), 2, 10, seconds, forever, true);
    if (std::string(pace) == "sync") {
      EXPECT_EQ(full.values, some.values);
    }
    EXPECT_LE(some.bytes.pulled, full.bytes.pulled);
    EXPECT_EQ(some.bytes.pushed, full.bytes.pushed);
    EXPECT_EQ(full.arrivals.size(), some.arrivals.size());
  }
}

TEST(Simulation, ASlowWorkerHoldsTheOthersInSynchronousTrainingAlone) {
  const auto others_steps = [](std::string_view pace, double slowness) {
    const Outcome outcome = simulate(
        options_of(4, pace), 2, 1000, [&](int w, int64_t) { return w == 0 ? slowness : 1; },
        /*until=*/50);
    return static_cast<double>(outcome.steps[1] + outcome.steps[2] + outcome.steps[3]);
  };
  EXPECT_GE(others_steps("async", 5), 0.8 * others_steps("async", 1));
  EXPECT_LE(others_steps("sync", 5), 0.25 * others_steps("sync", 1));
}

TEST(Simulation, ADyingWorkerStopsNobody) {
  for (const char* pace : {"sync", "stale:1", "async"}) {
    ServerOptions options = options_of(3, pace);
    options.lease = 10;
    const Outcome outcome = simulate(
        options, 2, 20, [](int, int64_t) { return 1.0; }, forever, false, /*dies=*/4);
    EXPECT_EQ(outcome.steps, (std::vector<int64_t>{4, 20, 20})) << pace;
    // The others wait for the lease once.
    EXPECT_LT(outcome.time, 20 + 10 + 1) << pace;
  }
}

TEST(Simulation, IsTheSameTwice) {
  const auto seconds = [](int w, int64_t k) { return random_seconds(9, w, k); };
  const Outcome a = simulate(options_of(4, "async"), 2, 15, seconds),
                b = simulate(options_of(4, "async"), 2, 15, seconds);
  EXPECT_EQ(a.values, b.values);
  EXPECT_EQ(a.time, b.time);
}

}  // namespace
}  // namespace gpt
