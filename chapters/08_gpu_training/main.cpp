// The chapter's program: one GPT, trained on the CPU and on a device.

#include <cmath>

#include "05_gpt/gpt.hpp"
#include "05_gpt/walrus.hpp"
#include "08_gpu_training/device_choice.hpp"
#include "08_gpu_training/graphed_passes.hpp"
#include "08_gpu_training/memory_report.hpp"
#include "08_gpu_training/rounding.hpp"
#include "common/chapter_program.hpp"
#include "common/table.hpp"
#include "common/timing.hpp"

namespace gpt {
namespace {

struct Problem {
  GptConfig config;
  int64_t batch, steps;
};

/// For the SIMT machine, which takes a second for what a GPU does in a millisecond.
const Problem tiny{{.layers = 2, .heads = 2, .width = 16, .context = 16, .vocabulary = 128}, 2, 20};
const Problem real{{.layers = 6, .heads = 6, .width = 384, .context = 256, .vocabulary = 256}, 12, 20};

struct Course {
  std::vector<double> losses;
  double seconds = 0;  // of a step, on average after the first
  std::string memory;
};

/// Bytes of the poem of chapter 05, and their successors.
std::pair<Tensor, Tensor> batch_of(const Problem& problem, int64_t step) {
  const int64_t B = problem.batch, T = problem.config.context;
  const Tensor tokens({B, T}, DType::i32), targets({B, T}, DType::i32);
  const std::string_view text = walrus;
  for (int64_t i = 0; i < B * T; ++i) {
    const auto at = static_cast<size_t>((step * B + i / T) * 37 + i % T) % (text.size() - 1);
    tokens.data<int32_t>()[i] = text[at] & 127;
    targets.data<int32_t>()[i] = text[at + 1] & 127;
  }
  return {tokens, targets};
}

// [train]
Course train(const Problem& problem, Backend& backend) {
  Gpt model(problem.config, backend, 1);
  const ParameterStore& store = model.parameters();
  const Tensor m = backend.empty(store.values().shape(), DType::f32), v = m.clone();
  backend.fill(m, 0.0), backend.fill(v, 0.0);
  const double scale = 1.0 / static_cast<double>(problem.batch * problem.config.context);
  Course course;
  Stopwatch watch;
  for (int64_t step = 0; step < problem.steps; ++step) {
    if (step == 1) watch = {};
    const auto [tokens, targets] = batch_of(problem, step);
    backend.fill(store.gradients(), 0.0);
    const Variable loss = model.loss(tokens, targets, scale, {.training = true});
    loss.backward();
    const double norm = std::sqrt(backend.sum_of_squares(store.gradients()));
    backend.adamw(store.values(), store.gradients(), m, v, store.compute_copy(),
                  {.learning_rate = 3e-3, .gradient_scale = std::min(1.0, 1.0 / norm), .step = step + 1});
    course.losses.push_back(loss.value().item());
  }
  backend.synchronize();
  // [/train]
  course.seconds = watch.seconds() / static_cast<double>(problem.steps - 1);
  std::vector<MemoryKind> kinds{{"parameters", store.values().bytes()},
                                {"gradients", store.gradients().bytes()},
                                {"AdamW's means", m.bytes() + v.bytes()}};
  if (store.compute_copy().defined()) kinds.push_back({"parameters in bf16", store.compute_copy().bytes()});
  course.memory = memory_report(kinds, backend.allocator()->statistics());
  return course;
}

/// The device that the sections use: the one asked for, or a GPU, or the SIMT machine.
std::string device(const std::string& wanted, bool stable) {
  if (wanted != "auto") return wanted;
  return !stable && why_no_gpu(built_with_cuda(), cuda_status()).empty() ? "cuda" : "simt";
}

const Problem& problem_for(const std::string& device) {
  return device == "simt" ? tiny : real;
}

void show_devices() {
  const GpuStatus status = cuda_status();
  const std::string missing = why_no_gpu(built_with_cuda(), status);
  fmt::print("cpu   always\nsimt  always: chapter 06's machine, on the CPU\ncuda  {}\n",
             missing.empty() ? status.text : missing);
}

void show_training(const std::string& device, bool stable) {
  const Problem& problem = problem_for(device);
  const auto cpu = make_backend({.device = "cpu"});
  const Course here = train(problem, *cpu);
  const auto exact = make_backend({.device = device});
  const Course there = train(problem, *exact);
  const auto half = make_backend({.device = device, .precision = "bf16"});
  const Course rounded = train(problem, *half);
  Table table(
      {{"step"}, {"loss on cpu", "", "{:.3f}"}, {"on " + device, "", "{:.3f}"}, {"in bf16", "", "{:.2f}"}});
  double worst = 0;
  for (size_t step = 0; step < here.losses.size(); ++step) {
    worst = std::max(worst, std::abs(here.losses[step] - there.losses[step]));
    if (step % 4 == 0 || step + 1 == here.losses.size())
      table.row(step, here.losses[step], there.losses[step], rounded.losses[step]);
  }
  fmt::print("{} parameters, {} steps of {} tokens\n\n{}\n", parameter_count(problem.config), problem.steps,
             problem.batch * problem.config.context, table.text());
  fmt::print("The losses in f32 are {} 0.0001 of each other in every step.\n",
             worst <= 1e-4 ? "within" : "NOT within");
  if (stable) return;
  const double tokens = static_cast<double>(problem.batch * problem.config.context);
  fmt::print("tokens a second: {:.0f} on the cpu, {:.0f} on {}, {:.0f} in bf16\n", tokens / here.seconds,
             tokens / there.seconds, device, tokens / rounded.seconds);
}

void show_memory(const std::string& device) {
  for (const char* precision : {"f32", "bf16"}) {
    const auto backend = make_backend({.device = device, .precision = precision});
    const Problem& problem = problem_for(device);
    fmt::print("in {}:\n{}\n", precision, train(problem, *backend).memory);
  }
}

/// How many orders a pass takes. It depends on the layers alone, so the model may be tiny.
void show_graph(const std::string& device) {
  Table table({{"layers"}, {"orders of a pass"}, {"written at 4 µs each", "ms", "{:.2f}"}});
  bool same = true;
  for (const int64_t layers : {2, 6, 12}) {
    Problem problem = tiny;
    problem.config.layers = layers;
    const auto backend = make_backend({.device = device});
    Gpt model(problem.config, *backend, 1);
    GraphedPasses passes(model);
    const auto [tokens, targets] = batch_of(problem, 0);
    const double first = passes.run(tokens, targets, 1.0);
    same = same && passes.run(tokens, targets, 1.0) == first;
    table.row(layers, passes.orders(), 4e-3 * static_cast<double>(passes.orders()));
  }
  fmt::print("{}\nGiven again, they find {} loss.\n", table.text(), same ? "the same" : "ANOTHER");
}

/// A batch for which no device is large enough.
void show_full_memory(const std::string& device) {
  const auto backend = make_backend({.device = device});
  const Tensor batch = backend->empty({4, 1024, 768}, DType::f32);
  try {
    backend->empty({200'000, 1024, 768}, DType::f32);
  } catch (const UserError& error) {
    fmt::print("{}\n", error.what());
  }
}

}  // namespace
}  // namespace gpt

int main(int argc, char** argv) {
  gpt::ChapterProgram program("08_gpu_training", "A GPT on a GPU, or on the SIMT machine.");
  std::string wanted = "auto";
  program.options().add_option("--device", wanted, "cuda, simt, or auto: cuda where there is a GPU");
  const auto device = [&] { return gpt::device(wanted, program.stable()); };
  program.section("devices", "Where a model can be trained", [] { gpt::show_devices(); });
  program.section("training", "The same GPT on two devices",
                  [&] { gpt::show_training(device(), program.stable()); });
  program.section("rounding", "A thousand small steps", [] { gpt::show_rounding(); });
  program.section("memory", "Where the memory goes", [&] { gpt::show_memory(device()); });
  program.section("graph", "A pass as one order", [&] { gpt::show_graph(device()); });
  program.section("full", "A memory that is full", [&] { gpt::show_full_memory(device()); });
  return program.run(argc, argv);
}
