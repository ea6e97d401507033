#include "03_optimizers/race.hpp"

#include <cmath>
#include <limits>

#include "02_backprop/operations.hpp"
#include "02_backprop/spirals.hpp"
#include "03_optimizers/losses.hpp"

namespace gpt {

// [run]
Run run_optimizer(const std::string& name, const Problem& problem, double rate, int steps,
                  const OptimizerOptions& options) {
  const ParameterStore& store = *problem.store;
  const std::unique_ptr<Optimizer> optimizer = make_optimizer(name, store, options);
  Run run{name, rate, {}, {}};
  for (int step = 0; step <= steps; ++step) {
    const Variable loss = problem.loss();
    run.losses.push_back(loss.value().item());
    run.positions.push_back({store.values().data<double>()[0], store.values().data<double>()[1]});
    if (step == steps || !std::isfinite(run.losses.back())) break;
    store.zero_gradients();
    loss.backward();
    optimizer->step(rate);
  }
  return run;
}

// [calm]
bool is_calm(const Run& run, const Problem& fresh) {
  for (double& x : fresh.store->values().span<double>()) x *= 1.0 + 1e-12;
  const auto steps = static_cast<int>(run.losses.size()) - 1;
  const double loss = run.losses.back();
  const double shaken = run_optimizer(run.optimizer, fresh, run.rate, steps).losses.back();
  return std::abs(shaken - loss) < 1e-4 * loss;
}
// [/calm]

std::vector<Run> race(const std::function<Problem()>& make_problem, const std::vector<double>& rates,
                      int steps) {
  std::vector<Run> best;
  for (const std::string& name : optimizer_names()) {
    if (name == "adamw") continue;  // without weight decay it is Adam
    double lowest = std::numeric_limits<double>::infinity();
    best.push_back({name, 0.0, {}, {}});
    for (const double rate : rates) {
      Run run = run_optimizer(name, make_problem(), rate, steps);
      if (!(run.losses.back() < lowest) || !is_calm(run, make_problem())) continue;
      lowest = run.losses.back();
      best.back() = std::move(run);
    }
  }
  return best;
}
// [/run]

double rosenbrock_value(double x, double y) {
  return (1 - x) * (1 - x) + 100 * (y - x * x) * (y - x * x);
}

// [rosenbrock]
Problem rosenbrock() {
  const auto store = std::make_shared<ParameterStore>(DType::f64);
  store->declare("position", {2}, [](const Tensor& position, const RandomStream&) {
    position.at<double>({0}) = -1.2;
    position.at<double>({1}) = 1.0;
  });
  store->allocate(1);
  return {store, [store] {
            const Variable& position = store->variable("position");
            const Variable x = slice(position, 0, 0, 1), y = slice(position, 0, 1, 2);
            return sum(square(-x + 1.0) + 100.0 * square(y - square(x)));
          }};
}
// [/rosenbrock]

Problem spirals_problem(const NetOptions& options) {
  const Spirals spirals = make_spirals(80, 1.0);
  // Without noise the points are so symmetric that some gradients are zero up to rounding. Adam divides each
  // gradient by its own size, and would make noise of the last digit as large as any signal.
  const RandomStream random(1, RandomUse::example);
  uint64_t drawn = 0;
  for (double& x : spirals.points.span<double>()) x += 0.03 * random.normal(drawn++);
  const Tensor targets({spirals.labels.size(0)}, DType::i32);
  for (int64_t i = 0; i < targets.size(0); ++i)
    targets.at<int32_t>({i}) = spirals.labels.at<double>({i, 0}) > 0 ? 1 : 0;
  const auto net = std::make_shared<Net>(options);
  return {std::shared_ptr<const ParameterStore>(net, &net->store()),
          [net, targets, points = spirals.points] { return cross_entropy((*net)(points), targets); },
          [net, points = spirals.points] { return net->layers(points); }};
}

}  // namespace gpt
