#pragma once
// The optimizers against each other.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "03_optimizers/net.hpp"
#include "03_optimizers/optimizer.hpp"
#include "common/plot.hpp"

namespace gpt {

/// Something to make small: parameters, and a loss that depends on them. Built anew for every run.
struct Problem {
  std::shared_ptr<const ParameterStore> store;
  std::function<Variable()> loss;
  std::function<std::vector<Variable>()> outputs = {};  ///< of all layers, where it is a net
};

/// One run of one optimizer.
struct Run {
  std::string optimizer;
  double rate = 0.0;
  std::vector<double> losses;        ///< before each step, and after the last
  std::vector<PlotPoint> positions;  ///< the first two parameters, likewise
};

/// `steps` steps at a constant rate. Stops early when the loss is no longer finite.
Run run_optimizer(const std::string& name, const Problem& problem, double rate, int steps,
                  const OptimizerOptions& options = {});

/// Does the run's last loss not depend on the twelfth digit of the start? If it does, the run is chaotic:
/// every rounding error grows from step to step, and another machine would print other numbers. `fresh` is
/// the run's problem, built anew.
bool is_calm(const Run& run, const Problem& fresh);

/// A fair race: every optimizer runs at each of `rates`, and its best calm run (by the last loss) counts.
std::vector<Run> race(const std::function<Problem()>& make_problem, const std::vector<double>& rates,
                      int steps);

/// Rosenbrock's valley (1960), (1 - x)² + 100 (y - x²)²: a long curved valley with steep walls and a flat
/// floor, from (-1.2, 1) to the minimum at (1, 1).
Problem rosenbrock();
double rosenbrock_value(double x, double y);

/// Two spirals with a little noise, told apart by a net with two inputs and two outputs; cross-entropy.
Problem spirals_problem(const NetOptions& options);

}  // namespace gpt
