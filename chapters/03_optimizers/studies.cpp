#include "03_optimizers/studies.hpp"

#include <cmath>

#include "01_tensors/elementwise.hpp"
#include "02_backprop/operations.hpp"
#include "03_optimizers/activations.hpp"
#include "03_optimizers/initialisation.hpp"
#include "03_optimizers/race.hpp"
#include "common/file.hpp"
#include "common/surface_plot.hpp"
#include "common/table.hpp"

namespace gpt {
namespace {

/// The root of the mean square: the size of a typical element.
double size_of_elements(const Tensor& t) {
  return std::sqrt(sum(t * t).item() / static_cast<double>(t.elements()));
}

constexpr int depth = 10;

/// What is below any rounding error is nothing.
std::string written(double size) {
  return size < 1e-15 ? "0" : fmt::format("{:.1e}", size);
}

/// One row of the table: how large activations and gradients are along a deep net, and how well it trains.
void initialisation_row(Table& table, const char* name, const std::function<Problem()>& make_problem,
                        PlotSeries* along) {
  const Problem problem = make_problem();
  const std::vector<Variable> outputs = problem.outputs();
  std::vector<double> sizes;
  for (const Variable& output : outputs) {
    sizes.push_back(size_of_elements(output.value()));
    along->points.push_back({static_cast<double>(sizes.size()), sizes.back()});
  }
  problem.loss().backward();
  const auto gradient = [&](int layer) {
    return written(
        size_of_elements(problem.store->variable(fmt::format("layer{}.weight", layer)).gradient()));
  };
  const Run run = run_optimizer("momentum", make_problem(), 0.01, 300);
  table.row(name, written(sizes[0]), written(sizes[4]), written(sizes[8]), gradient(1), gradient(9),
            is_calm(run, make_problem()) ? fmt::format("{:.2f}", run.losses.back()) : "chaos");
}

}  // namespace

void study_initialisation(const std::string& figures) {
  const std::pair<const char*, Initializer> choices[] = {
      {"zero", initial::zeros()},
      {"constant 0.1", initial::constant(0.1)},
      {"normal 0.02", initial::normal(0.02)},
      {"normal 1", initial::normal(1.0)},
      {"uniform ±0.1", initial::uniform(-0.1, 0.1)},
      {"Xavier", initial::xavier_normal()},
      {"He", initial::he_normal()},
  };
  std::vector<int64_t> widths(depth + 1, 64);
  widths.front() = widths.back() = 2;
  LinePlot plot("Size of the activations along a net of ten layers with ReLU", {"layer"},
                {"typical size", true});
  for (const auto& [name, activation] : {std::pair{"tanh", &tanh}, std::pair{"ReLU", &relu}}) {
    fmt::print("{} layers of 64, {} between them; typical size of an element\n\n", depth, name);
    Table table({{"weights"},
                 {"activation", "layer 1"},
                 {"", "layer 5"},
                 {"", "layer 9"},
                 {"gradient", "layer 1"},
                 {"", "layer 9"},
                 {"loss after", "300 steps"}});
    for (const auto& [choice, weights] : choices) {
      PlotSeries along{choice, {}, true};
      initialisation_row(
          table, choice,
          [&] {
            return spirals_problem({widths, activation, weights});
          },
          &along);
      if (activation == &relu && choice != std::string("zero")) plot.add(along);  // there is no log of 0
    }
    fmt::print("{}{}", table.text(), activation == &tanh ? "\n" : "");
  }
  if (!figures.empty()) write_file_atomically(figures + "/initialisation.svg", plot.svg());
}

void study_valley(const std::string& figures) {
  const std::vector<Run> runs = race(rosenbrock, {1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1}, 500);
  Table table({{"optimizer"},
               {"rate"},
               {"loss after", "10 steps", "{:.1e}"},
               {"", "100", "{:.1e}"},
               {"", "500", "{:.1e}"}});
  std::vector<SurfacePanel> panels;
  for (const Run& run : runs) {
    table.row(run.optimizer, fmt::format("{:g}", run.rate), run.losses[10], run.losses[100], run.losses[500]);
    // The surface is the logarithm of the height: without colour at the bottom.
    SurfacePanel panel{
        fmt::format("{} at {:g}", run.optimizer, run.rate), -1.6, 1.6, -0.8, 2.0, 80, [](double x, double y) {
          return std::log10(1.0 + 10.0 * rosenbrock_value(x, y)) / 5.0;
        }};
    panel.dots = {{true, {{1.0, 1.0}}}};
    panel.paths.push_back({"", run.positions});
    panels.push_back(panel);
  }
  fmt::print("{}", table.text());
  if (!figures.empty())
    write_file_atomically(figures + "/valley.svg",
                          surface_svg("500 steps in Rosenbrock's valley, from the left to the dot", panels));
}

void study_net(const std::string& figures) {
  const std::vector<Run> runs = race(
      [] {
        return spirals_problem({{2, 32, 32, 2}, tanh, initial::xavier_normal()});
      },
      {1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1}, 400);
  LinePlot plot("Two spirals: each optimizer at its best calm rate", {"step"}, {"loss", true});
  Table table({{"optimizer"},
               {"rate"},
               {"after 50", "steps", "{:.2g}"},
               {"100", "", "{:.2g}"},
               {"200", "", "{:.2g}"},
               {"400", "", "{:.2g}"}});
  for (const Run& run : runs) {
    table.row(run.optimizer, fmt::format("{:g}", run.rate), run.losses[50], run.losses[100], run.losses[200],
              run.losses[400]);
    PlotSeries series{fmt::format("{} {:g}", run.optimizer, run.rate), {}};
    for (size_t i = 0; i < run.losses.size(); ++i)
      series.points.push_back({static_cast<double>(i), run.losses[i]});
    plot.add(series);
  }
  fmt::print("{}", table.text());
  if (!figures.empty()) write_file_atomically(figures + "/race.svg", plot.svg());
}

void study_weight_decay() {
  constexpr int steps = 1000, weights = 256;
  Table table({{"gradient noise"}, {"Adam + L2", "", "{:.2f}"}, {"AdamW", "", "{:.2f}"}});
  for (const double noise : {0.01, 1.0, 100.0}) {
    std::vector<double> left;
    for (const char* name : {"adam", "adamw"}) {
      ParameterStore store(DType::f64);
      store.declare("weights", {weights, 1}, initial::ones());
      store.allocate(1);
      const auto optimizer = make_optimizer(name, store, {.weight_decay = 0.1});
      for (int step = 0; step < steps; ++step) {
        const RandomStream random(1, RandomUse::example, static_cast<uint64_t>(step));
        for (int i = 0; i < weights; ++i)
          store.gradients().data<double>()[i] = noise * random.normal(static_cast<uint64_t>(i));
        optimizer->step(0.001);
      }
      left.push_back(sum(store.values()).item() / weights);
    }
    table.row(fmt::format("{:g}", noise), left[0], left[1]);
  }
  fmt::print(
      "what is left of weights that started at 1, after {} steps; decay alone would leave {:.2f}\n\n{}",
      steps, std::pow(1.0 - 0.001 * 0.1, steps), table.text());
}

}  // namespace gpt
