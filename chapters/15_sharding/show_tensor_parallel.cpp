// Tensor parallelism: the smallest example, what travels, and what a rank keeps.

#include "13_compression/wire_counter.hpp"
#include "15_sharding/predictions.hpp"
#include "15_sharding/split_shows.hpp"
#include "15_sharding/tensor_sharing.hpp"
#include "common/table.hpp"

namespace gpt {

namespace {

/// y = W·x, of plain numbers.
std::vector<double> product(const std::vector<std::vector<double>>& w, const std::vector<double>& x) {
  std::vector<double> y;
  for (const auto& row : w) {
    double sum = 0;
    for (size_t i = 0; i < x.size(); ++i) sum += row[i] * x[i];
    y.push_back(sum);
  }
  return y;
}

}  // namespace

void show_cuts() {
  const std::vector<std::vector<double>> w{{1, 2}, {3, 4}};
  const std::vector<double> x{5, 6};
  const auto text = [](const std::vector<double>& v) { return fmt::format("({})", fmt::join(v, ", ")); };
  fmt::print("W = (1 2; 3 4), x = (5, 6): y = {}\n\n", text(product(w, x)));
  fmt::print("Outputs shared out. Both ranks have x.\n");
  for (size_t r = 0; r < 2; ++r)
    fmt::print("  rank {}: {} · {} = {}\n", r, text(w[r]), text(x), text(product({w[r]}, x)));
  fmt::print("  side by side: y. Nothing was sent.\n\nInputs shared out. Rank 0 has 5, rank 1 has 6.\n");
  std::vector<double> sum{0, 0};
  for (size_t r = 0; r < 2; ++r) {
    const std::vector<double> y = product({{w[0][r]}, {w[1][r]}}, {x[r]});
    fmt::print("  rank {}: ({}; {}) · {} = {}\n", r, w[0][r], w[1][r], x[r], text(y));
    for (size_t i = 0; i < 2; ++i) sum[i] += y[i];
  }
  fmt::print("  the sum: {}. One all-reduce.\n", text(sum));
}

void show_wire() {
  const GptConfig config{.layers = 4, .heads = 4, .width = 64, .context = 32, .vocabulary = 97};
  constexpr int64_t B = 4, T = 32;
  fmt::print("{} layers, width {}, {} sequences of {} tokens. Bytes that each rank sends in a step.\n\n",
             config.layers, config.width, B, T);
  Table table({{"ranks"},
               {"forward", "counted", "{}"},
               {"", "predicted", "{}"},
               {"backward", "counted", "{}"},
               {"", "predicted", "{}"},
               {"a layer", "4 sums of B·T·C", "{}"}});
  for (const int ranks : {2, 4}) {
    PassBytes counted;
    run_threads(ranks, [&](Communicator& threads) {
      const auto counter = std::make_shared<WireCounter>();
      CountingCommunicator group(threads, counter);
      const auto backend = make_cpu_backend();
      Gpt model(config, *backend, 1, nullptr, nullptr, std::make_shared<TensorSharing>(config, group));
      const Tensor tokens = Tensor::zeros({B, T}, DType::i32);
      const int64_t start = counter->bytes();
      const Variable loss = model.loss(tokens, tokens, 1.0, {.training = true});
      const int64_t forward = counter->bytes() - start;
      loss.backward();
      if (threads.rank() == 0) counted = {forward, counter->bytes() - start - forward};
    });
    const PassBytes predicted = tensor_parallel_bytes(config, ranks, B * T);
    table.row(ranks, counted.forward, predicted.forward, counted.backward, predicted.backward,
              4 * all_reduce_bytes(B * T * config.width * 4, ranks));
  }
  fmt::print("{}", table.text());
}

void show_split_memory() {
  const GptConfig gpt2{.layers = 12, .heads = 12, .width = 768, .context = 1024, .vocabulary = 50257};
  constexpr int64_t tokens = 1024;  // of a micro-batch
  const int64_t whole = parameter_count(gpt2);
  const auto MB = [](double bytes) { return bytes / 1e6; };
  fmt::print(
      "GPT-2 124M in f32 on 8 ranks, the fullest rank of each, {} tokens a micro-batch. A pipeline with 4\n"
      "stages holds the activations of 4 of them on its first stage.\n\n",
      tokens);
  Table table({{"split"},
               {"parameters", "millions", "{:.1f}"},
               {"with gradients and Adam", "MB", "{:.0f}"},
               {"activations", "MB", "{:.0f}"}});
  // Values, gradients and two moments, of four bytes each; `kept`: how many of these four are whole.
  const auto zero = [&](const char* name, double kept) {
    const auto n = static_cast<double>(whole);
    table.row(name, n / 1e6, MB(4 * n * (kept + (4 - kept) / 8)),
              MB(tokens * activation_bytes_per_token(gpt2, 4)));
  };
  const auto split = [&](const char* name, int ranks, int stages) {
    int64_t most = 0;
    double activations = 0;
    for (int stage = 0; stage < stages; ++stage)
      for (int rank = 0; rank < ranks; ++rank) {
        const Place place{span_of(gpt2.layers, stage, stages), rank, ranks};
        most = std::max(most, parameter_count(gpt2, place));
        activations =
            std::max(activations, (stages - stage) * activation_bytes_per_token(gpt2, 4, place) * tokens);
      }
    table.row(name, static_cast<double>(most) / 1e6, MB(static_cast<double>(training_bytes(most))),
              MB(activations));
  };
  zero("data 8", 4);
  zero("data 8, ZeRO 1", 2);
  zero("data 8, ZeRO 2", 1);
  zero("data 8, ZeRO 3", 0);
  split("tensor 2 × data 4", 2, 1);
  split("tensor 4 × data 2", 4, 1);
  split("pipeline 4 × data 2", 1, 4);
  split("tensor 2 × pipeline 4", 2, 4);
  fmt::print("{}", table.text());
}

}  // namespace gpt
