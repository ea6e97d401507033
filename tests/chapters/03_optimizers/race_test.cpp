#include "03_optimizers/race.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "02_backprop/operations.hpp"
#include "03_optimizers/activations.hpp"
#include "03_optimizers/initialisation.hpp"

namespace gpt {
namespace {

NetOptions small_net() {
  return {{2, 8, 8, 2}, tanh, initial::xavier_normal()};
}

TEST(Rosenbrock, StartsAtItsUsualPointAndIsZeroAtItsMinimum) {
  const Problem problem = rosenbrock();
  EXPECT_NEAR(problem.loss().value().item(), rosenbrock_value(-1.2, 1.0), 1e-12);
  problem.store->values().fill(1.0);
  EXPECT_EQ(problem.loss().value().item(), 0.0);
  problem.loss().backward();
  EXPECT_EQ(problem.store->gradients().data<double>()[0], 0.0);
}

TEST(SpiralsProblem, HasTheGradientOfItsFiniteDifferencesInTheWholeStore) {
  const Problem problem = spirals_problem(small_net());
  problem.loss().backward();
  for (const Parameter& p : problem.store->parameters()) {
    double& x = problem.store->values().data<double>()[p.offset];
    const double before = x, h = 1e-5;
    x = before + h;
    const double above = problem.loss().value().item();
    x = before - h;
    const double below = problem.loss().value().item();
    x = before;
    EXPECT_NEAR(problem.store->gradients().data<double>()[p.offset], (above - below) / (2 * h), 1e-8)
        << p.name;
  }
}

TEST(Race, EveryOptimizerGetsCloserToTheMinimum) {
  for (const std::string& name : optimizer_names()) {
    const auto run = run_optimizer(name, rosenbrock(), 1e-3, 200);
    EXPECT_EQ(run.losses.size(), 201u) << name;
    EXPECT_LT(run.losses.back(), 0.5 * run.losses.front()) << name;
  }
}

TEST(Race, StopsARunThatIsLost) {
  const auto run = run_optimizer("gd", rosenbrock(), 1.0, 200);
  EXPECT_LT(run.losses.size(), 20u);
  EXPECT_FALSE(std::isfinite(run.losses.back()));
}

TEST(Race, TellsCalmRunsFromChaoticOnes) {
  EXPECT_TRUE(is_calm(run_optimizer("gd", rosenbrock(), 1e-3, 200), rosenbrock()));
  EXPECT_FALSE(is_calm(run_optimizer("rmsprop", rosenbrock(), 0.1, 500), rosenbrock()));
}

}  // namespace
}  // namespace gpt
