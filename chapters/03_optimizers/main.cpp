// The program of chapter 03: from activations and losses to a race of the optimizers.

#include <fmt/format.h>
#include <omp.h>

#include <chrono>
#include <cmath>

#include "02_backprop/operations.hpp"
#include "03_optimizers/activations.hpp"
#include "03_optimizers/clipping.hpp"
#include "03_optimizers/initialisation.hpp"
#include "03_optimizers/losses.hpp"
#include "03_optimizers/race.hpp"
#include "03_optimizers/schedule.hpp"
#include "03_optimizers/studies.hpp"
#include "common/chapter_program.hpp"
#include "common/file.hpp"
#include "common/plot.hpp"
#include "common/table.hpp"

namespace {

using namespace gpt;

void show_activations(const std::string& figures) {
  const std::pair<const char*, Variable (*)(const Variable&)> functions[] = {
      {"sigmoid", sigmoid}, {"tanh", tanh}, {"relu", relu}, {"gelu", gelu}};
  Table table({{"x", "", "{:g}"},
               {"sigmoid", "", "{:.3f}"},
               {"tanh", "", "{:.3f}"},
               {"relu", "", "{:.3f}"},
               {"gelu", "", "{:.3f}"}});
  for (const double x : {-4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0}) {
    const Variable v(Tensor::scalar(x, DType::f64));
    table.row(x, sigmoid(v).value().item(), tanh(v).value().item(), relu(v).value().item(),
              gelu(v).value().item());
  }
  fmt::print("{}", table.text());
  if (figures.empty()) return;
  LinePlot plot("Four activations", {"x"}, {"f(x)"});
  for (const auto& [name, f] : functions) {
    PlotSeries series{name, {}};
    for (int i = -40; i <= 40; ++i)
      series.points.push_back({i * 0.1, f(Variable(Tensor::scalar(i * 0.1, DType::f64))).value().item()});
    plot.add(series);
  }
  write_file_atomically(figures + "/activations.svg", plot.limit_y(-1.2, 4.0).svg());
}

void show_losses() {
  // [naive]
  const auto naive = [](const std::vector<float>& x, size_t target) {
    float total = 0.0f;
    for (const float value : x) total += std::exp(value);
    return -std::log(std::exp(x[target]) / total);
  };
  // [/naive]
  Table table({{"logits"}, {"target"}, {"naive", "", "{:.4f}"}, {"fused", "", "{:.4f}"}});
  for (const std::vector<float>& x : {std::vector<float>{2, 1, 0}, {0, 0, 0}, {100, 0, -100}})
    for (const int32_t target : {0, 2}) {
      const Variable logits(Tensor::from(x, {1, 3}));
      table.row(fmt::format("({}, {}, {})", x[0], x[1], x[2]), fmt::format("{}", target),
                naive(x, static_cast<size_t>(target)),
                cross_entropy(logits, Tensor::from(std::vector<int32_t>{target}, {1})).value().item());
    }
  fmt::print("{}", table.text());
}

void show_store() {
  // [store]
  ParameterStore store;
  store.declare("embedding", {65, 8}, initial::gpt2());
  store.declare("hidden.weight", {32, 8}, initial::gpt2());
  store.declare("hidden.bias", {32}, initial::zeros());
  store.declare("head.weight", {65, 32}, initial::gpt2_residual(1));
  store.allocate(42);
  // [/store]
  Table table({{"parameter"}, {"shape"}, {"from", "", "{}"}, {"to", "", "{}"}, {"decays"}});
  for (const Parameter& p : store.parameters())
    table.row(p.name, to_string(p.shape), p.offset, p.offset + p.elements, p.decay ? "yes" : "no");
  fmt::print("{}{} parameters in buffers of {}\n", table.text(), store.parameter_count(), store.size());
}

void show_schedules(const std::string& figures) {
  const std::pair<const char*, Schedule> schedules[] = {{"constant", constant_schedule(1.0)},
                                                        {"step", step_schedule(1.0, 0.5, 250)},
                                                        {"linear", linear_schedule(1.0, 0.1, 100, 1000)},
                                                        {"cosine", cosine_schedule(1.0, 0.1, 100, 1000)}};
  Table table({{"step", "", "{}"},
               {"constant", "", "{:.3f}"},
               {"step", "", "{:.3f}"},
               {"linear", "", "{:.3f}"},
               {"cosine", "", "{:.3f}"}});
  for (const int step : {0, 50, 100, 250, 550, 1000})
    table.row(step, schedules[0].second(step), schedules[1].second(step), schedules[2].second(step),
              schedules[3].second(step));
  fmt::print("{}", table.text());
  if (figures.empty()) return;
  LinePlot plot("Learning rates over 1000 steps, as a share of the peak", {"step"}, {"rate"});
  for (const auto& [name, schedule] : schedules) {
    PlotSeries series{name, {}};
    for (int step = 0; step <= 1100; step += 5)
      series.points.push_back({static_cast<double>(step), schedule(step)});
    plot.add(series);
  }
  write_file_atomically(figures + "/schedules.svg", plot.limit_y(0.0, 1.05).svg());
}

void show_clipping() {
  const Tensor g = Tensor::from(std::vector<double>{3.0, 4.0}, {2});
  const double norm = clip_gradients(g, 1.0);
  fmt::print("(3, 4) has the norm {:g}; clipped to 1 it is ({:.4f}, {:.4f})\n\n", norm, g.data<double>()[0],
             g.data<double>()[1]);
  Table table({{"step", "", "{}"}, {"plain"}, {"clipped to 1", "", "{:.3f}"}});
  std::vector<std::vector<double>> losses;
  for (const bool clip : {false, true}) {
    const Problem problem = rosenbrock();
    const auto optimizer = make_optimizer("gd", *problem.store);
    losses.emplace_back();
    for (int step = 0; step <= 1000; ++step) {
      const Variable loss = problem.loss();
      losses.back().push_back(loss.value().item());
      problem.store->zero_gradients();
      loss.backward();
      if (clip) clip_gradients(problem.store->gradients(), 1.0);
      optimizer->step(0.01);
    }
  }
  for (const size_t step : {0, 1, 2, 3, 10, 100, 1000})
    table.row(static_cast<int>(step),
              std::isfinite(losses[0][step]) ? fmt::format("{:.3g}", losses[0][step]) : "lost",
              losses[1][step]);
  fmt::print("gradient descent at rate 0.01 in Rosenbrock's valley: the loss\n\n{}", table.text());
}

void show_cost(bool stable) {
  constexpr int64_t parameters = 16 << 20;
  ParameterStore store;
  store.declare("weights", {parameters / 1024, 1024}, initial::normal(0.02));
  store.allocate(1);
  store.gradients().copy_from(store.values());
  Table table({{"optimizer"},
               {"memory", "bytes", "{}"},
               {"traffic", "bytes", "{}"},
               {"one step", "ms"},
               {"", "GB/s"}});
  for (const std::string& name : optimizer_names()) {
    const auto optimizer = make_optimizer(name, store);
    const auto states = static_cast<int>(optimizer->state().size());
    const int memory = 4 * (2 + states);       // value, gradient, state
    const int traffic = 4 * (3 + 2 * states);  // all of them read, and all but the gradient written
    if (stable) {
      table.row(name, memory, traffic, "–", "–");
      continue;
    }
    optimizer->step(1e-3);
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 5; ++i) optimizer->step(1e-3);
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / 5;
    table.row(name, memory, traffic, fmt::format("{:.1f}", 1e3 * seconds),
              fmt::format("{:.1f}", 1e-9 * static_cast<double>(traffic * parameters) / seconds));
  }
  fmt::print("per parameter in f32; the step is one over {} parameters, on one thread\n\n{}", parameters,
             table.text());
}

}  // namespace

int main(int argc, char** argv) {
  omp_set_num_threads(1);  // the matrices here are so small that threads would wait more than work
  ChapterProgram program("03_optimizers", "Losses, first weights, and ways downhill.");
  std::string figures;
  program.options().add_option("--figures", figures, "Also write the lesson's pictures into this folder");
  program.section("activations", "Activations", [&] { show_activations(figures); });
  program.section("losses", "Cross-entropy, naive and fused", show_losses);
  program.section("initialisation", "What the first weights do", [&] { study_initialisation(figures); });
  program.section("store", "All parameters in one buffer", show_store);
  program.section("valley", "A race in a valley", [&] { study_valley(figures); });
  program.section("net", "A race on two spirals", [&] { study_net(figures); });
  program.section("decay", "Two kinds of weight decay", study_weight_decay);
  program.section("schedules", "Learning rates over time", [&] { show_schedules(figures); });
  program.section("clipping", "A bound on the step", show_clipping);
  program.section("cost", "What a step costs", [&] { show_cost(program.stable()); });
  return program.run(argc, argv);
}
