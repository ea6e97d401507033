#include "14_parameter_server/study.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "03_optimizers/initialisation.hpp"
#include "14_parameter_server/simulation.hpp"
#include "14_parameter_server/spiral_task.hpp"
#include "common/file.hpp"
#include "common/plot.hpp"
#include "common/table.hpp"

namespace gpt {
namespace {

constexpr int64_t block = 64;
constexpr double forever = std::numeric_limits<double>::infinity();
/// Of the links in virtual time. A step computes for one second, and a message with all parameters takes
/// 0.03.
constexpr LinkCost link{.alpha = 0.001, .beta = 1e-5, .gamma = 0};

struct Scene {
  int workers = 4;
  std::string pace = "sync";
  double rate = 0.4;
  std::function<double(int worker, int64_t step)> seconds = [](int, int64_t) { return 1.0; };
  double lease = forever;
  int64_t first_dies_after = -1;
};

struct Ending {
  std::vector<int64_t> steps;  // of each worker
  std::vector<PlotPoint> losses;
  double time = 0, loss = 0, staleness = 0;
  int64_t most_stale = 0, farthest = 0, updates = 0;
};

/// Trains the spirals on one server until every worker has done `steps` steps, or until a time. The loss is
/// taken after about every `judged` gradients.
Ending play(const Scene& scene, int64_t steps, double until, int64_t judged = 0) {
  const SpiralTask task(scene.workers), first(1);
  const ShardRange all{0, first.store(0).size()};
  ParameterServer server(first.store(0), all,
                         {.workers = scene.workers,
                          .pace = parse_pace(scene.pace),
                          .rate = constant_schedule(scene.rate),
                          .block = block,
                          .lease = scene.lease});
  std::vector<SimulatedWorker> workers;
  for (int w = 0; w < scene.workers; ++w)
    workers.push_back({&task.store(w), [&task, w](int64_t step) { task.gradient(w, step); },
                       [&scene, w](int64_t step) { return scene.seconds(w, step); }});
  workers[0].dies_after = scene.first_dies_after;
  Simulation simulation({&server}, workers, link, block);
  Ending end;
  end.steps.resize(static_cast<size_t>(scene.workers));
  if (judged) end.losses.push_back({0, task.loss(server.values())});
  int64_t gradients = 0;
  simulation.run(steps, until, [&](const Arrival& arrival) {
    ++end.steps[static_cast<size_t>(arrival.worker)];
    end.farthest = std::max(end.farthest, arrival.ahead);
    if (judged && ++gradients % judged == 0) end.losses.push_back({arrival.time, task.loss(server.values())});
  });
  end.time = simulation.time();
  end.loss = task.loss(server.values());
  end.updates = server.version();
  int64_t count = 0;
  for (size_t k = 0; k < server.staleness().size(); ++k) {
    end.staleness += static_cast<double>(k) * static_cast<double>(server.staleness()[k]);
    count += server.staleness()[k];
  }
  end.staleness /= static_cast<double>(count);
  end.most_stale = static_cast<int64_t>(server.staleness().size()) - 1;
  return end;
}

double steps_of_others(const Ending& end) {
  return std::accumulate(end.steps.begin() + 1, end.steps.end(), 0.0);
}

/// The median of the losses in the last fifth: the loss itself jumps up now and then.
double late_loss(const Ending& end) {
  std::vector<double> late;
  for (size_t i = end.losses.size() * 4 / 5; i < end.losses.size(); ++i) late.push_back(end.losses[i].y);
  std::ranges::nth_element(late, late.begin() + static_cast<int64_t>(late.size() / 2));
  return late[late.size() / 2];
}

// [scenes]
/// Worker 0 takes five times as long, always.
double always_slow(int worker, int64_t) {
  return worker == 0 ? 5.0 : 1.0;
}
/// Each step of anybody takes five times as long with a probability of 1/10.
double sometimes_slow(int worker, int64_t step) {
  const RandomStream random(7, RandomUse::example, static_cast<uint64_t>(worker));
  return random.uniform(static_cast<uint64_t>(step)) < 0.1f ? 5.0 : 1.0;
}
// [/scenes]

const std::vector<std::string> paces{"sync", "stale:0", "stale:3", "stale:10", "async"};

}  // namespace

void show_modes(const std::string& figures) {
  constexpr double until = 600, long_until = 2400;
  constexpr int64_t endless = 1'000'000;
  Table table({{"pace"},
               {"no slow worker", "steps a s", "{:.2f}"},
               {"worker 0 slow", "others' steps a s", "{:.2f}"},
               {"kept", "%", "{:.0f}"},
               {"slow now and then", "steps a s", "{:.2f}"},
               {"kept", "%", "{:.0f}"},
               {"ahead", "at most", "{}"}});
  LinePlot plot("Four workers, one of them five times slower", {"virtual seconds"}, {"loss"});
  for (const std::string& pace : paces) {
    Scene scene{.pace = pace};
    const Ending even = play(scene, endless, until);
    scene.seconds = sometimes_slow;
    const Ending sometimes = play(scene, endless, until);
    scene.seconds = always_slow;
    Ending slow = play(scene, endless, long_until, pace == "sync" ? 16 : 48);
    const auto all = [](const Ending& end) {
      return steps_of_others(end) + static_cast<double>(end.steps[0]);
    };
    const double others_even = steps_of_others(even) / until,
                 others_slow = steps_of_others(slow) / long_until;
    table.row(pace, all(even) / until, others_slow, 100 * others_slow / others_even, all(sometimes) / until,
              100 * all(sometimes) / all(even), slow.farthest);
    if (pace != "stale:0") plot.add({pace, std::move(slow.losses)});
  }
  // All-reduce: the same mean of the same gradients as in synchronous training, but over a ring.
  Scene ring{.pace = "sync"};
  const auto bytes = static_cast<double>(SpiralTask(1).store(0).size()) * 4;
  const double sum = link.seconds(all_reduce_path(AllReduceAlgorithm::ring, 4, bytes));
  ring.seconds = [sum](int, int64_t) { return 5.0 + sum; };
  plot.add({"all-reduce", play(ring, endless, long_until, 16).losses, false, true});
  fmt::print("{}", table.text());
  if (!figures.empty()) write_file_atomically(figures + "/modes.svg", plot.svg());
}

void show_staleness(const std::string& figures) {
  constexpr int64_t updates = 3200;
  constexpr std::array rates{0.1, 0.2, 0.4};
  const std::vector<std::pair<int, std::string>> rows{{1, "sync"},    {2, "async"},   {4, "async"},
                                                      {8, "stale:0"}, {8, "stale:3"}, {8, "stale:10"},
                                                      {8, "async"},   {16, "async"}};
  Table table({{"workers", {}, "{}"},
               {"pace"},
               {"staleness", "mean", "{:.1f}"},
               {"", "largest", "{}"},
               {"loss", "rate 0.1", "{:.2f}"},
               {"", "0.2", "{:.2f}"},
               {"", "0.4", "{:.2f}"}});
  std::array<PlotSeries, rates.size()> lines;
  for (const auto& [workers, pace] : rows) {
    std::array<double, rates.size()> losses{};
    Ending end;
    for (size_t r = 0; r < rates.size(); ++r) {
      // The server divides by the number of workers. Here every update shall have the same rate.
      end = play({.workers = workers, .pace = pace, .rate = rates[r] * workers, .seconds = sometimes_slow},
                 updates / workers, forever, 50);
      losses[r] = late_loss(end);
      lines[r].points.push_back({end.staleness, losses[r]});
    }
    table.row(workers, pace, end.staleness, end.most_stale, losses[0], losses[1], losses[2]);
  }
  LinePlot plot("After 3,200 updates of equal size", {"mean staleness, in updates"}, {"loss"});
  plot.limit_y(0, 1.5);
  for (size_t r = 0; r < rates.size(); ++r) {
    lines[r].name = fmt::format("rate {:.1f}", rates[r]);
    lines[r].markers = true;
    std::ranges::sort(lines[r].points, {}, &PlotPoint::x);
    plot.add(std::move(lines[r]));
  }
  fmt::print("{}", table.text());
  if (!figures.empty()) write_file_atomically(figures + "/staleness.svg", plot.svg());
}

void show_death() {
  Table table({{"pace"},
               {"lease", "s", "{:.0f}"},
               {"steps of worker 0", {}, "{}"},
               {"of the others", {}, "{:.0f}"},
               {"updates", {}, "{}"},
               {"ended after", "s", "{:.1f}"}});
  for (const std::string& pace : {std::string("sync"), std::string("stale:3"), std::string("async")}) {
    const Ending end = play({.pace = pace, .lease = 10, .first_dies_after = 5}, 20, forever);
    table.row(pace, 10.0, end.steps[0], steps_of_others(end), end.updates, end.time);
  }
  fmt::print("{}", table.text());
}

void show_pulls() {
  // A model as parameter servers were made for: a row of numbers for each of many words, of which a batch
  // holds few.
  constexpr int64_t words = 4096, width = 16, in_a_batch = 32;
  constexpr int workers = 4, steps = 20;
  const auto make_store = [] {
    auto store = std::make_unique<ParameterStore>();
    store->declare("words", {words, width}, initial::normal(1.0));
    store->allocate(1);
    return store;
  };
  Table table({{"pull"}, {"pulled", "KB a step", "{:.1f}"}, {"pushed", "KB a step", "{:.1f}"}});
  for (const bool incremental : {false, true}) {
    const auto whole = make_store();
    ParameterServer server(*whole, {0, whole->size()},
                           {.workers = workers, .pace = parse_pace("async"), .block = width});
    std::vector<std::unique_ptr<ParameterStore>> stores;
    std::vector<SimulatedWorker> simulated;
    for (int w = 0; w < workers; ++w) {
      const ParameterStore* store = stores.emplace_back(make_store()).get();
      const auto gradient = [store, w](int64_t step) {
        store->zero_gradients();
        const RandomStream random(1, RandomUse::data_order, static_cast<uint64_t>(w));
        for (uint64_t i = 0; i < in_a_batch; ++i) {
          const auto word =
              static_cast<int64_t>(random.below(static_cast<uint64_t>(step) * in_a_batch + i, words));
          store->gradients().slice(0, word * width, (word + 1) * width).fill(1.0);
        }
      };
      simulated.push_back({store, gradient, [](int64_t) { return 1.0; }});
    }
    Simulation simulation({&server}, simulated, {}, width, incremental);
    simulation.run(steps, forever);
    const WireBytes bytes = simulation.traffic();
    constexpr double per_step = 1e3 * workers * steps;
    table.row(incremental ? "what changed" : "all", static_cast<double>(bytes.pulled) / per_step,
              static_cast<double>(bytes.pushed) / per_step);
  }
  fmt::print("{}", table.text());
}

void show_links() {
  // Nothing is computed, so all that takes time are the links: 1 Gbit/s, and a million parameters.
  constexpr int64_t elements = 1 << 20;
  constexpr int workers = 4, steps = 5;
  constexpr LinkCost gigabit{.alpha = 0, .beta = 8e-9, .gamma = 0};
  const auto make_store = [] {
    auto store = std::make_unique<ParameterStore>();
    store->declare("all", {elements}, initial::zeros());
    store->allocate(1);
    return store;
  };
  Table table({{"sum by"},
               {"one link", "MB in and out", "{:.1f}"},
               {"predicted", "ms", "{:.1f}"},
               {"in the simulation", "ms", "{:.1f}"}});
  constexpr double bytes = 4.0 * elements;
  for (const int count : {1, 2, 4}) {
    const auto whole = make_store();
    std::vector<std::unique_ptr<ParameterServer>> servers;
    std::vector<ParameterServer*> pointers;
    for (const ShardRange shard : cut_into_shards(elements, count)) {
      servers.push_back(std::make_unique<ParameterServer>(*whole, shard, ServerOptions{.workers = workers}));
      pointers.push_back(servers.back().get());
    }
    std::vector<std::unique_ptr<ParameterStore>> stores;
    std::vector<SimulatedWorker> simulated;
    for (int w = 0; w < workers; ++w) {
      stores.push_back(make_store());
      simulated.push_back({stores.back().get(), [](int64_t) {}, [](int64_t) { return 0.0; }});
    }
    Simulation simulation(pointers, simulated, gigabit, ServerOptions{}.block);
    simulation.run(steps, forever);
    const double share = workers * bytes / count;
    // The first answer must be out before the first gradient comes; from then on both directions are busy.
    const double predicted = share * (1 + 1.0 / workers) * gigabit.beta;
    table.row(fmt::format("{} server{}", count, count > 1 ? "s" : ""), share / 1e6, 1e3 * predicted,
              1e3 * simulation.time() / steps);
  }
  table.row("a ring", 2.0 * (workers - 1) / workers * bytes / 1e6,
            1e3 * gigabit.seconds(all_reduce_path(AllReduceAlgorithm::ring, workers, bytes)), "");
  fmt::print("{}", table.text());
}

}  // namespace gpt
