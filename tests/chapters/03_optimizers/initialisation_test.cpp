#include "03_optimizers/initialisation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "01_tensors/elementwise.hpp"

namespace gpt {
namespace {

constexpr int64_t out = 300, in = 500;

struct Moments {
  double mean = 0.0, deviation = 0.0, smallest = 1e300, largest = -1e300;
};

Moments moments_of(const Tensor& x) {
  Moments moments;
  double sum = 0.0, squares = 0.0;
  for (const float v : x.to(DType::f32).span<float>()) {
    sum += v;
    squares += static_cast<double>(v) * v;
    moments.smallest = std::min<double>(moments.smallest, v);
    moments.largest = std::max<double>(moments.largest, v);
  }
  const auto n = static_cast<double>(x.elements());
  moments.mean = sum / n;
  moments.deviation = std::sqrt(squares / n - moments.mean * moments.mean);
  return moments;
}

Moments moments_of(const Initializer& initialize, DType dtype = DType::f32) {
  const Tensor x({out, in}, dtype);
  initialize(x, RandomStream(11, RandomUse::initialisation, 7));
  return moments_of(x);
}

struct Case {
  const char* name;
  Initializer initialize;
  double deviation;
  double limit;  // of a uniform distribution, or 0 for a normal one
};

void PrintTo(const Case& tested, std::ostream* stream) {
  *stream << tested.name;
}

class Initialisation : public testing::TestWithParam<Case> {};

TEST_P(Initialisation, HasTheMomentsOfItsDistribution) {
  const auto& [name, initialize, deviation, limit] = GetParam();
  const Moments moments = moments_of(initialize);
  // 150,000 numbers: the mean is known to deviation/387, the deviation to about 0.2%.
  EXPECT_NEAR(moments.mean, 0.0, 4 * deviation / 387);
  EXPECT_NEAR(moments.deviation, deviation, 0.01 * deviation);
  if (limit > 0.0) {
    EXPECT_GE(moments.smallest, -limit * (1 + 1e-6));
    EXPECT_LE(moments.largest, limit * (1 + 1e-6));
    EXPECT_GT(moments.largest, 0.999 * limit);
  } else {
    EXPECT_GT(moments.largest, 3.9 * deviation);  // a normal distribution has tails
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, Initialisation,
    testing::Values(Case{"uniform", initial::uniform(-0.3, 0.3), 0.3 / std::sqrt(3.0), 0.3},
                    Case{"normal", initial::normal(1.5), 1.5, 0.0},
                    Case{"xavier_uniform", initial::xavier_uniform(), std::sqrt(2.0 / (in + out)),
                         std::sqrt(6.0 / (in + out))},
                    Case{"xavier_normal", initial::xavier_normal(), std::sqrt(2.0 / (in + out)), 0.0},
                    Case{"he_uniform", initial::he_uniform(), std::sqrt(2.0 / in), std::sqrt(6.0 / in)},
                    Case{"he_normal", initial::he_normal(), std::sqrt(2.0 / in), 0.0},
                    Case{"gpt2", initial::gpt2(), 0.02, 0.0},
                    Case{"gpt2_residual", initial::gpt2_residual(8), 0.02 / 4.0, 0.0}),
    [](const auto& test) { return test.param.name; });

TEST(Initialisation, ConstantsAreConstant) {
  EXPECT_EQ(moments_of(initial::zeros()).largest, 0.0);
  EXPECT_EQ(moments_of(initial::ones()).smallest, 1.0);
  EXPECT_EQ(moments_of(initial::constant(-0.5)).deviation, 0.0);
}

TEST(Initialisation, IsTheSameInEveryPrecisionUpToRounding) {
  const RandomStream random(1, RandomUse::initialisation);
  const Tensor full({4, 4}, DType::f64), half({4, 4}, DType::bf16);
  initial::normal(1.0)(full, random);
  initial::normal(1.0)(half, random);
  EXPECT_LT(max_difference(full, half), 0.01);
}

TEST(Initialisation, KnowsNoRowsAndColumnsOfAVector) {
  EXPECT_THROW(initial::xavier_normal()(Tensor({5}), RandomStream(1, RandomUse::initialisation)), Error);
}

TEST(Initialisation, DependsOnSeedAndPlaceAlone) {
  const auto values = [](uint64_t seed, const std::vector<std::string>& names) {
    ParameterStore store;
    for (const std::string& name : names) store.declare(name, {3, 5}, initial::normal(1.0));
    store.allocate(seed);
    return store;
  };
  const ParameterStore two = values(1, {"a", "b"}), three = values(1, {"a", "b", "c"}),
                       other = values(2, {"a", "b"});
  for (const char* name : {"a", "b"}) {
    EXPECT_EQ(max_difference(two.variable(name).value(), three.variable(name).value()), 0.0);
    EXPECT_GT(max_difference(two.variable(name).value(), other.variable(name).value()), 0.1);
  }
  EXPECT_GT(max_difference(two.variable("a").value(), two.variable("b").value()), 0.1);
}

}  // namespace
}  // namespace gpt
