#include "03_optimizers/optimizer.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "01_tensors/elementwise.hpp"
#include "03_optimizers/initialisation.hpp"

namespace gpt {
namespace {

constexpr double lr = 0.01;
const OptimizerOptions options{
    .momentum = 0.8, .decay_rate = 0.95, .beta1 = 0.85, .beta2 = 0.97, .epsilon = 1e-6, .weight_decay = 0.1};

/// A matrix, which decays, and a vector, which does not. (A store hands out views, so it is not copied.)
struct Net {
  explicit Net(DType type) : store(type) {
    store.declare("matrix", {3, 4}, initial::normal(1.0));
    store.declare("vector", {5}, initial::normal(1.0));
    store.allocate(1);
  }
  ParameterStore store;
};

double gradient_of(int64_t i, int64_t step) {
  const RandomStream random(9, RandomUse::example, static_cast<uint64_t>(step));
  return 3.0 * random.normal(static_cast<uint64_t>(i));
}

/// One scalar parameter, by the formulas as the papers give them, with t counting from 1.
struct Scalar {
  double x, velocity = 0.0, m = 0.0, v = 0.0;

  void step(std::string_view rule, double g, int t, bool decays) {
    const OptimizerOptions& o = options;
    if (rule == "gd") {
      x = x - lr * g;
    } else if (rule == "momentum") {
      velocity = o.momentum * velocity + g;
      x = x - lr * velocity;
    } else if (rule == "rmsprop") {
      v = o.decay_rate * v + (1 - o.decay_rate) * std::pow(g, 2);
      x = x - lr * g / (std::sqrt(v) + o.epsilon);
    } else {
      const double decay = decays ? o.weight_decay : 0.0;
      if (rule == "adam") g = g + decay * x;
      m = o.beta1 * m + (1 - o.beta1) * g;
      v = o.beta2 * v + (1 - o.beta2) * std::pow(g, 2);
      const double m_hat = m / (1 - std::pow(o.beta1, t)), v_hat = v / (1 - std::pow(o.beta2, t));
      const double shrunk = rule == "adamw" ? x * (1 - lr * decay) : x;
      x = shrunk - lr * m_hat / (std::sqrt(v_hat) + o.epsilon);
    }
  }
};

class EveryOptimizer : public testing::TestWithParam<std::string> {};

TEST_P(EveryOptimizer, FollowsItsScalarRecurrenceForFiftySteps) {
  for (const auto& [type, tolerance] : {std::pair{DType::f64, 1e-13}, std::pair{DType::f32, 2e-6}}) {
    Net net(type);
    const auto optimizer = make_optimizer(GetParam(), net.store, options);
    std::vector<Scalar> scalars;
    std::vector<bool> decays, exists;
    for (int64_t i = 0; i < net.store.size(); ++i)
      scalars.push_back({net.store.values().slice(0, i, i + 1).item()});
    decays.assign(scalars.size(), false);
    exists.assign(scalars.size(), false);
    for (const Parameter& p : net.store.parameters())
      for (int64_t i = p.offset; i < p.offset + p.elements; ++i) {
        exists[static_cast<size_t>(i)] = true;
        decays[static_cast<size_t>(i)] = p.name == "matrix";
      }
    for (int step = 0; step < 50; ++step) {
      for (size_t i = 0; i < scalars.size(); ++i) {
        if (!exists[i]) continue;
        const double g = gradient_of(static_cast<int64_t>(i), step);
        net.store.gradients().slice(0, static_cast<int64_t>(i), static_cast<int64_t>(i) + 1).fill(g);
        scalars[i].step(GetParam(), g, step + 1, decays[i]);
      }
      optimizer->step(lr);
      for (size_t i = 0; i < scalars.size(); ++i) {
        const double x =
            net.store.values().slice(0, static_cast<int64_t>(i), static_cast<int64_t>(i) + 1).item();
        ASSERT_NEAR(x, scalars[i].x, tolerance * std::max(1.0, std::abs(scalars[i].x)))
            << "element " << i << " after step " << step + 1 << " in " << name_of(type);
      }
    }
  }
}

TEST_P(EveryOptimizer, KeepsItsStateInFlatBuffersLikeTheStores) {
  Net net(DType::f32);
  const auto optimizer = make_optimizer(GetParam(), net.store, options);
  EXPECT_EQ(optimizer->name(), GetParam());
  for (const NamedTensor& state : optimizer->state()) {
    EXPECT_EQ(state.value.shape(), Shape{net.store.size()}) << state.name;
    EXPECT_EQ(state.value.dtype(), DType::f32) << state.name;
  }
}

TEST_P(EveryOptimizer, ContinuesFromItsSavedStateBitForBit) {
  const auto train = [](const ParameterStore& store, Optimizer& optimizer, int from, int to) {
    for (int step = from; step < to; ++step) {
      for (int64_t i = 0; i < store.size(); ++i)
        store.gradients().data<float>()[i] = static_cast<float>(gradient_of(i, step));
      optimizer.step(lr);
    }
  };
  Net whole(DType::f32), first(DType::f32), second(DType::f32);
  const auto undisturbed = make_optimizer(GetParam(), whole.store, options);
  train(whole.store, *undisturbed, 0, 10);

  const auto before = make_optimizer(GetParam(), first.store, options);
  train(first.store, *before, 0, 4);
  const auto after = make_optimizer(GetParam(), second.store, options);
  second.store.values().copy_from(first.store.values());
  for (size_t i = 0; i < before->state().size(); ++i)
    after->state()[i].value.copy_from(before->state()[i].value);
  after->set_steps(before->steps());
  train(second.store, *after, 4, 10);
  EXPECT_EQ(max_difference(whole.store.values(), second.store.values()), 0.0);
}

TEST_P(EveryOptimizer, DoesNothingWhenGradientsAndDecayAreZero) {
  Net net(DType::f32);
  const Tensor before = net.store.values().clone();
  const auto optimizer = make_optimizer(GetParam(), net.store);
  for (int step = 0; step < 3; ++step) optimizer->step(lr);
  EXPECT_EQ(max_difference(net.store.values(), before), 0.0);
  EXPECT_EQ(optimizer->steps(), 3);
}

INSTANTIATE_TEST_SUITE_P(All, EveryOptimizer, testing::ValuesIn(optimizer_names()),
                         [](const auto& test) { return test.param; });

/// The change of the first matrix element, which starts at x, under one step with gradient g.
double first_change(const char* rule, double x, double g, const OptimizerOptions& given = {}) {
  Net net(DType::f64);
  const Parameter& matrix = net.store.parameter("matrix");
  net.store.value(matrix).fill(x);
  net.store.gradient(matrix).fill(g);
  make_optimizer(rule, net.store, given)->step(lr);
  return net.store.value(matrix).at<double>({0, 0}) - x;
}

TEST(Adam, FirstStepIsTheLearningRateWhateverTheGradient) {
  for (const double g : {1e-3, -0.5, 7.0, -1e4})
    EXPECT_NEAR(first_change("adam", 1.0, g), g > 0 ? -lr : lr, 1e-6);
}

TEST(RmsProp, FirstStepIsTenTimesTheLearningRateForWantOfBiasCorrection) {
  EXPECT_NEAR(first_change("rmsprop", 1.0, 0.5, {.decay_rate = 0.99}), -10 * lr, 1e-6);
}

TEST(AdamW, ShrinksByTheSameShareWhateverTheGradient) {
  const OptimizerOptions decaying{.weight_decay = 0.1};
  for (const double g : {1e-3, 1.0, 1e3})
    EXPECT_NEAR(first_change("adamw", 2.0, g, decaying) - first_change("adamw", 2.0, g), -lr * 0.1 * 2.0,
                1e-12);
}

TEST(Adam, DividesTheDecayAwayWhereGradientsAreLarge) {
  const OptimizerOptions decaying{.weight_decay = 0.1};
  // The first step is lr · sign(g + decay · x) up to ε: with g > 0 the decay is invisible.
  EXPECT_NEAR(first_change("adam", 2.0, 1e3, decaying), first_change("adam", 2.0, 1e3), 1e-10);
}

TEST(AdamW, LeavesVectorsUndecayed) {
  Net net(DType::f64);
  const Tensor before = net.store.values().clone();
  make_optimizer("adamw", net.store, {.weight_decay = 0.1})->step(lr);
  const Parameter &matrix = net.store.parameter("matrix"), &vector = net.store.parameter("vector");
  const auto part = [&](const Parameter& p) {
    return before.slice(0, p.offset, p.offset + p.elements).reshape(p.shape);
  };
  EXPECT_EQ(max_difference(net.store.value(vector), part(vector)), 0.0);
  EXPECT_LT(max_difference(net.store.value(matrix), part(matrix) * (1.0 - lr * 0.1)), 1e-15);
}

TEST(Momentum, GrowsTenfoldUnderAConstantGradient) {
  Net net(DType::f64);
  const auto optimizer = make_optimizer("momentum", net.store, {.momentum = 0.9});
  net.store.gradients().fill(1.0);
  for (int step = 0; step < 300; ++step) optimizer->step(lr);
  EXPECT_NEAR(optimizer->state()[0].value.data<double>()[0], 10.0,
              1e-9);  // 1 + 0.9 + 0.81 + … = 1 / (1 - 0.9)
}

TEST(Optimizer, RefreshesTheComputeCopy) {
  ParameterStore store;
  store.declare("matrix", {2, 2}, initial::ones());
  store.allocate(1, DType::bf16);
  store.gradients().fill(1.0);
  make_optimizer("gd", store)->step(0.5);
  EXPECT_EQ(static_cast<float>(store.variable("matrix").value().at<bf16>({1, 1})), 0.5f);
}

TEST(Optimizer, AnUnknownNameIsTheUsersMistake) {
  ParameterStore store;
  store.allocate(1);
  EXPECT_THROW(make_optimizer("sgd2", store), UserError);
}

}  // namespace
}  // namespace gpt
