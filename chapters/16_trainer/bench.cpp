// gpt bench: whole training steps, timed.
#include <nlohmann/json.hpp>

#include <sys/resource.h>

#include <algorithm>

#include "08_gpu_training/memory_report.hpp"
#include "16_trainer/agreement.hpp"
#include "16_trainer/commands.hpp"
#include "16_trainer/communication_choice.hpp"
#include "16_trainer/device_ranks.hpp"
#include "16_trainer/options.hpp"
#include "16_trainer/preparation.hpp"
#include "16_trainer/summary.hpp"
#include "16_trainer/together.hpp"
#include "16_trainer/trainer.hpp"
#include "common/check.hpp"
#include "common/program.hpp"

namespace gpt {
namespace {

constexpr int64_t warmup_steps = 3;  // the first ones fill the allocator's cache and the library's

struct BenchOptions {
  TrainOptions train;
  int64_t steps = 20;
  int64_t vocabulary = 0;
  bool json = false;
};

/// The vocabulary that the preset's tokenizer has on its usual text.
int64_t usual_vocabulary(const TrainConfig& config) {
  if (config.tokenizer == "char") return 65;  // Shakespeare
  if (config.tokenizer.starts_with("bpe:")) return std::atoll(config.tokenizer.c_str() + 4);
  return 256;
}

Tokens random_tokens(int64_t count, int64_t vocabulary) {
  const RandomStream random(1, RandomUse::example);
  std::vector<int32_t> tokens(static_cast<size_t>(count));
  for (size_t i = 0; i < tokens.size(); ++i)
    tokens[i] = static_cast<int32_t>(random.below(i, static_cast<uint64_t>(vocabulary)));
  return Tokens(std::move(tokens));
}

double peak_megabytes() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

std::string memory_of(Trainer& trainer, const AllocatorStatistics& memory) {
  const ParameterStore& store = trainer.model().parameters();
  std::vector<MemoryKind> kinds{{"parameters", store.values().bytes()},
                                {"gradients", store.gradients().bytes()},
                                {"AdamW's means", trainer.moment_bytes()}};
  if (store.compute_copy().defined()) kinds.push_back({"parameters in bf16", store.compute_copy().bytes()});
  return memory_report(kinds, memory);
}

int bench(const BenchOptions& options, Communicator& communicator) {
  TrainConfig config;
  together(communicator, [&] {
    GPT_REQUIRE(options.steps >= 1, "--steps must be at least 1, not {}", options.steps);
    config = new_config(options.train);
    GPT_REQUIRE(config.local_sgd == 0 && config.servers == 0,
                "gpt bench times steps that the ranks take together: --local-sgd and --servers are for gpt "
                "train");
  });
  const int threads = set_threads(config.wanted_threads());
  const int64_t vocabulary = options.vocabulary > 0 ? options.vocabulary : usual_vocabulary(config);
  const auto backend = make_backend_together(config.device_choice(0), communicator);
  if (auto* const mpi = dynamic_cast<MpiCommunicator*>(&communicator)) {
    const AllReducePlan plan = choose_plan(config, *mpi).plan;
    together(communicator, [&] { mpi->set_plan(plan); });
  }
  Trace trace;
  on_first_rank(communicator, [&] { options.train.timeline.check(); });
  TimelineFile timeline(options.train.timeline, trace, communicator);
  const auto devices = connect_devices(config, *backend, communicator, std::make_shared<CollectiveLog>(),
                                       options.train.collective_timeout);
  Trainer trainer(config, config.model(vocabulary), *backend, devices ? *devices : communicator, trace);
  const int64_t tokens_per_step = config.batch * config.context;
  const DataLoader data(random_tokens(8 * tokens_per_step, vocabulary), config.context, config.batch,
                        config.seed);
  if (communicator.size() > 1 && !config.bucket_bytes())
    trainer.set_bucket_bytes(trainer.measure_bucket_bytes(data));

  std::vector<double> seconds;
  Hiding sent;
  int64_t requests = 0, sent_bytes = 0;
  for (int64_t step = 0; step < warmup_steps + options.steps; ++step) {
    if (step == warmup_steps) requests = backend->allocator()->statistics().system_requests;
    timeline.before_step();
    const StepResult result = trainer.step(data, step);
    if (step < warmup_steps) continue;
    seconds.push_back(result.seconds);
    sent += result.communication;
    sent_bytes += result.sent_bytes;
  }
  timeline.finish();
  const AllocatorStatistics memory = backend->allocator()->statistics();
  requests = memory.system_requests - requests;
  std::nth_element(seconds.begin(), seconds.begin() + options.steps / 2, seconds.end());
  const double median = seconds[static_cast<size_t>(options.steps / 2)];
  const double speed = static_cast<double>(tokens_per_step) / median;
  const auto steps = static_cast<double>(options.steps);
  const double per_step = static_cast<double>(requests) / steps;
  if (communicator.rank() != 0) return exit_ok;
  const double flops = speed * approximate_flops_per_token(config.model(vocabulary), config.context);
  if (options.json)
    fmt::print(
        R"({{"preset":"{}","precision":"{}","ranks":{},"threads":{},"tokens_per_second":{:.1f},"step_ms":{:.3f},)"
        R"("peak_rss_mb":{:.1f},"system_requests_per_step":{},"comm_total_ms":{:.3f},"comm_hidden_ms":{:.3f},)"
        R"("device":"{}","tensors_peak_mb":{:.1f},"model_gflops":{:.1f},"wire_bytes":{}}})"
        "\n",
        config.preset, config.precision, communicator.size(), threads, speed, 1e3 * median, peak_megabytes(),
        per_step, 1e3 * sent.total / steps, 1e3 * sent.hidden / steps, backend->name(),
        static_cast<double>(memory.peak_in_use) / 1e6, flops / 1e9, sent_bytes / options.steps);
  else
    fmt::print(
        "{} in {}: {} tokens/s, {:.1f} ms a step (the median of {}), {:.0f} MB at the most, {} requests for "
        "memory "
        "a step\n",
        config.preset, config.precision, with_commas(static_cast<int64_t>(speed)), 1e3 * median,
        options.steps, peak_megabytes(), per_step);
  if (!options.json && backend->device() != Device::cpu) fmt::print("\n{}", memory_of(trainer, memory));
  return exit_ok;
}

}  // namespace

Command add_bench(ArgumentParser& parser) {
  auto options = std::make_shared<BenchOptions>();
  options->train.preset = "small";
  const auto choice = [&](const char* option, const char* name, auto kind, const char* meaning) {
    using T = decltype(kind);
    parser.add_option_function<T>(
        option, [options, name](const T& value) { options->train.given[name] = value; }, meaning);
  };
  parser.add_option("--preset", options->train.preset, "the model and batch");
  choice("--precision", "precision", std::string(), "f32, bf16, or tf32");
  choice("--device", "device", std::string(), "cuda, cpu, simt, or auto: cuda where there is a GPU");
  choice("--cuda-graph", "cuda_graph", std::string(),
         "on: a GPU keeps the orders of a pass, and gets them all at once");
  choice("--threads", "threads", int64_t{}, "threads of each rank (0: the processors shared out)");
  choice("--batch", "batch", int64_t{}, "sequences per step");
  choice("--micro-batch", "micro_batch", int64_t{}, "sequences a rank computes at once (0: its whole share)");
  choice("--context", "context", int64_t{}, "tokens per sequence");
  choice("--all-reduce", "all_reduce", std::string(),
         "auto (the fastest here), ring, shared-memory, library, ... (chapter 10)");
  choice("--bucket-mb", "bucket_mb", std::string(), "megabytes of gradients averaged at a time, or auto");
  parser.add_flag_function(
      "--reproducible", [options](int64_t) { options->train.given["reproducible"] = true; },
      "sums in a fixed tree");
  choice("--leaves", "leaves", int64_t{}, "with --reproducible: micro-batches of a step, over all ranks");
  choice("--compress", "compress", std::string(), "send gradients in fewer bytes, as gpt train does");
  choice("--compress-warmup", "compress_warmup", int64_t{},
         "steps before sign, topk, randomk, powersgd begin");
  choice("--overlap", "overlap", std::string(), "on or off: average gradients while the backward pass runs");
  add_timeline_options(parser, options->train.timeline);
  parser.add_option("--vocabulary", options->vocabulary, "tokens of the vocabulary (0: the preset's)");
  parser.add_option("--steps", options->steps, "steps to time, after three to warm up");
  parser.add_flag("--json", options->json, "one JSON object");
  return [options](Communicator& communicator) { return bench(*options, communicator); };
}

}  // namespace gpt
