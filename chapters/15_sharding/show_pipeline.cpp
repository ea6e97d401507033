// The pipeline's orders, drawn and counted; and a tiny one that runs.

#include "13_compression/wire_counter.hpp"
#include "15_sharding/pipeline.hpp"
#include "15_sharding/shared_optimizer.hpp"
#include "15_sharding/split_shows.hpp"
#include "common/file.hpp"
#include "common/table.hpp"

namespace gpt {
namespace {

constexpr int stages = 4, micro_batches = 8;

GanttPanel panel(const char* title, PipelineOrder order) {
  GanttPanel result = timing_of(order, stages, micro_batches);
  result.title = title;
  return result;
}

}  // namespace

void show_pipeline(const std::string& figures) {
  const GanttPanel all = panel("All forward, then all backward (GPipe)", all_then_all);
  const GanttPanel one = panel("One forward, one backward (1F1B)", one_forward_one_backward);
  fmt::print("{} stages, {} micro-batches; digits: forward, letters: backward, which takes twice as long.\n",
             stages, micro_batches);
  for (const GanttPanel& each : {all, one})
    fmt::print("\n{}\n{}", each.title,
               gantt_text(each, length_of(each), static_cast<int>(length_of(each)) * 2));
  if (!figures.empty())
    write_file_atomically(figures + "/pipeline.svg",
                          gantt_svg("Two orders of a pipeline of four stages",
                                    "time, in forward passes of a stage", {all, one}));

  fmt::print(
      "\nIdle, counted in the timing and by the formula (P - 1) / (M + P - 1); held: micro-batches\n"
      "whose activations stage 0 keeps.\n\n");
  Table table({{"stages"},
               {"micro-batches"},
               {"idle", "counted, %", "{:.1f}"},
               {"", "formula, %", "{:.1f}"},
               {"held", "GPipe", "{}"},
               {"", "1F1B", "{}"}});
  for (const int P : {2, 4, 8})
    for (const int M : {1, 4, 8, 32})
      table.row(P, M, 100 * idle_share(timing_of(one_forward_one_backward, P, M)), 100 * bubble(P, M),
                most_held(all_then_all(0, P, M)), most_held(one_forward_one_backward(0, P, M)));
  fmt::print("{}", table.text());
}

void show_pipeline_training() {
  const GptConfig config{.layers = 4, .heads = 2, .width = 32, .context = 16, .vocabulary = 29};
  constexpr int64_t B = 8, T = 16;
  constexpr int steps = 5;
  const Tensor tokens({B, T}, DType::i32), targets({B, T}, DType::i32);
  for (int64_t i = 0; i < B * T; ++i) {
    tokens.data<int32_t>()[i] = static_cast<int32_t>(i * 5 % 29);
    targets.data<int32_t>()[i] = static_cast<int32_t>((i + 1) * 5 % 29);
  }
  Table table({{"ranks"},
               {"first loss", {}, "{:.3f}"},
               {"loss after 5 steps", {}, "{:.3f}"},
               {"held", "stage 0, last stage"},
               {"sent", "bytes a step, stage 0", "{}"}});
  for (const int ranks : {1, 2, 4})
    run_threads(ranks, [&](Communicator& threads) {
      const auto counter = std::make_shared<WireCounter>();
      CountingCommunicator all(threads, counter);
      const auto alone = make_single_communicator();
      const auto backend = make_cpu_backend();
      const auto sharing =
          std::make_shared<TensorSharing>(config, *alone, layers_of_stage(config, all.rank(), ranks));
      Gpt model(config, *backend, 1, nullptr, nullptr, sharing);
      Pipeline pipeline(model, *sharing, all);
      SharedOptimizer optimizer(model, *sharing, &all);
      double first = 0, loss = 0;
      int64_t sent = 0;
      for (int step = 0; step <= steps; ++step) {
        model.parameters().zero_gradients();
        const int64_t before = counter->bytes();
        loss = pipeline.run(tokens, targets, 8, 1.0 / (B * T), {.training = true});
        sent = counter->bytes() - before;
        if (step == 0) first = loss;
        if (step < steps) optimizer.step({.learning_rate = 3e-3, .step = step + 1}, 1.0);
      }
      const Tensor held({ranks}, DType::i32);
      all.all_gather(held, Tensor::full({1}, pipeline.most_held(), DType::i32));
      if (all.rank() != 0) return;
      const auto of = [&](int stage) { return held.at<int32_t>({stage}); };
      table.row(ranks, first, loss, fmt::format("{}, {}", of(0), of(ranks - 1)), sent);
    });
  fmt::print("{} layers, 8 micro-batches of a sequence, AdamW with clipping.\n\n{}", config.layers,
             table.text());
}

}  // namespace gpt
