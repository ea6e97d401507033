// How long a step takes in each layout, and how long it should.

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "11_ddp/data_parallel.hpp"
#include "15_sharding/pipeline.hpp"
#include "15_sharding/shared_optimizer.hpp"
#include "15_sharding/split_shows.hpp"
#include "common/table.hpp"

namespace gpt {
namespace {

const GptConfig config{.layers = 4, .heads = 4, .width = 192, .context = 64, .vocabulary = 512};
constexpr int64_t batch = 16;
constexpr int timed_steps = 7, rounds = 3;

struct Layout {
  int tensor = 1, stages = 1, data = 1, micro_batches = 1;
  int ranks() const { return tensor * stages * data; }
};

/// The median over the steps of the slowest rank's seconds. Each rank is one thread, and computes with one.
double step_seconds(const Layout& layout) {
  std::vector<double> seconds;
  run_threads(layout.ranks(), [&](Communicator& all) {
    omp_set_num_threads(1);
    // [groups]
    // Neighbours share a layer; then come the stages; and what is left are replicas.
    const int t = all.rank() % layout.tensor, rest = all.rank() / layout.tensor;
    const int stage = rest % layout.stages, replica = rest / layout.stages;
    const auto group = all.split(rest, t);
    const auto stages = all.split(replica * layout.tensor + t, stage);
    const auto replicas = all.split(stage * layout.tensor + t, replica);
    // [/groups]
    const auto backend = make_cpu_backend();
    const auto sharing =
        std::make_shared<TensorSharing>(config, *group, layers_of_stage(config, stage, layout.stages));
    Gpt model(config, *backend, 1, nullptr, nullptr, sharing);
    Pipeline pipeline(model, *sharing, *stages);
    SharedOptimizer optimizer(model, *sharing, stages.get());
    DataParallel parallel(model.parameters(), *replicas, {.overlap = false});
    const int64_t rows = batch / layout.data;
    const Tensor tokens({rows, config.context}, DType::i32);
    const RandomStream random(1, RandomUse::example, static_cast<uint64_t>(replica));
    for (int64_t i = 0; i < tokens.elements(); ++i)
      tokens.data<int32_t>()[i] = static_cast<int32_t>(
          random.below(static_cast<uint64_t>(i), static_cast<uint64_t>(config.vocabulary)));
    for (int step = 0; step <= timed_steps; ++step) {
      all.barrier();
      const auto start = std::chrono::steady_clock::now();
      model.parameters().zero_gradients();
      parallel.prepare(true);
      pipeline.run(tokens, tokens, layout.micro_batches, 1.0 / static_cast<double>(batch * config.context),
                   {.training = true, .first_sample = replica * rows});
      parallel.finish();
      optimizer.step({.learning_rate = 1e-4, .step = step + 1}, 1.0);
      const double mine = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      const double slowest = all.all_reduce(mine, ReduceOp::max);
      if (all.rank() == 0 && step > 0) seconds.push_back(slowest);  // the first one warms up
    }
  });
  std::ranges::nth_element(seconds, seconds.begin() + timed_steps / 2);
  return seconds[timed_steps / 2];
}

}  // namespace

void show_split_speed(bool stable) {
  fmt::print(
      "{} layers, width {}, {} sequences of {} tokens, f32, a thread for each rank. Expected: half the time\n"
      "of one rank, and for the pipeline that much more as its bubble takes.\n\n",
      config.layers, config.width, batch, config.context);
  struct Row {
    const char* name;
    Layout layout;
    double seconds = std::numeric_limits<double>::infinity();
  };
  std::vector<Row> rows{{"one rank", {}},
                        {"data 2", {.data = 2}},
                        {"tensor 2", {.tensor = 2}},
                        {"pipeline 2, 2 micro-batches", {.stages = 2, .micro_batches = 2}},
                        {"pipeline 2, 8 micro-batches", {.stages = 2, .micro_batches = 8}}};
  for (int round = 0; round < rounds && !stable; ++round)  // in turn: whatever disturbs, disturbs all
    for (Row& row : rows) row.seconds = std::min(row.seconds, step_seconds(row.layout));
  Table table({{"split"},
               {"a step", "ms", "{:.1f}"},
               {"faster", "times", "{:.2f}"},
               {"expected", "at most", "{:.2f}"}});
  for (const auto& [name, layout, seconds] : rows) {
    const double most = layout.ranks() * (1 - bubble(layout.stages, layout.micro_batches));
    if (stable)
      table.row(name, "?", "?", most);
    else
      table.row(name, 1e3 * seconds, rows[0].seconds / seconds, most);
  }
  fmt::print("{}", table.text());
}

}  // namespace gpt
