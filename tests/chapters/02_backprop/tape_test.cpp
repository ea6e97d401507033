// The tape: what is recorded, in which order it is played, and what is let go.

#include <gtest/gtest.h>

#include "01_tensors/elementwise.hpp"
#include "02_backprop/operations.hpp"

namespace gpt {
namespace {

Variable leaf_of(double value) {
  return Variable::leaf(Tensor::scalar(value, DType::f64));
}

int64_t bytes_in_use() {
  return host_allocator()->statistics().in_use;
}

constexpr int deep = 100'000;

/// x · c · c · … · c: the closures hold their inputs' nodes, as most operations' do.
Variable deep_chain(const Variable& x, const Variable& c) {
  Variable y = x;
  for (int i = 0; i < deep; ++i) y = y * c;
  return y;
}

TEST(Tape, PlaysAChainOfAHundredThousandNodes) {
  const Variable x = leaf_of(2.0), c = leaf_of(1.0);
  deep_chain(x, c).backward();
  EXPECT_EQ(x.gradient().item(), 1.0);
  EXPECT_EQ(c.gradient().item(), 2.0 * deep);
}

TEST(Tape, LetsGoOfAChainOfAHundredThousandNodesThatWasNeverPlayed) {
  const int64_t before = bytes_in_use();
  {
    const Variable y = deep_chain(leaf_of(2.0), leaf_of(1.0));
    EXPECT_GT(bytes_in_use(), before + deep * 8);
  }
  EXPECT_EQ(bytes_in_use(), before);
}

TEST(Tape, LetsGoOfADeepLadderOfDiamonds) {
  Variable y = leaf_of(1.0);
  for (int i = 0; i < deep / 2; ++i) y = y * 0.25 + y * 0.25;
  y = {};
}

TEST(Tape, KeepsWhatIsStillHeldWhenTheRestIsLetGo) {
  const Variable x = leaf_of(3.0);
  const Variable middle = square(x);
  { const Variable dropped = tanh(middle) * middle; }
  middle.backward();
  EXPECT_EQ(x.gradient().item(), 6.0);
}

TEST(Tape, FreesSavedTensorsAsBackwardPassesThem) {
  constexpr int layers = 8;
  constexpr int64_t megabyte = 1 << 20;
  std::vector<int64_t> seen;
  const int64_t before = bytes_in_use();
  const Variable x = Variable::leaf(Tensor::full({megabyte / 8}, 0.5, DType::f64));
  {
    Variable y = x;
    for (int i = 0; i < layers; ++i) {
      y = tanh(y);
      y = record("probe", y.value(), {y}, [&seen, node = y.node()](const Tensor& g) {
        seen.push_back(bytes_in_use());
        node->accumulate(g);
      });
    }
    y = sum(y);
    EXPECT_EQ(bytes_in_use() - before, (layers + 1) * megabyte + CachingAllocator::rounded(8));
    y.backward();
  }
  ASSERT_EQ(seen.size(), layers);
  // From probe to probe one layer's saved output goes, and nothing that grows takes its place.
  for (size_t i = 2; i < layers; ++i) EXPECT_EQ(seen[i], seen[i - 1] - megabyte) << i;
  EXPECT_EQ(bytes_in_use() - before, 2 * megabyte);  // x and its gradient
}

TEST(Tape, IsPlayedOnce) {
  const Variable x = leaf_of(3.0);
  const Variable y = square(x);
  y.backward();
  EXPECT_THROW(y.backward(), Error);
  EXPECT_EQ(x.gradient().item(), 6.0);
}

TEST(Tape, RefusesASharedPartThatWasPlayedBeforeAnyGradientChanges) {
  const Variable x = leaf_of(3.0);
  const Variable shared = square(x);
  const Variable one = shared * 2.0, two = shared * 5.0 + x;
  one.backward();
  try {
    two.backward();
    FAIL() << "the second backward() went through a tape that was played";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("square"), std::string::npos) << error.what();
  }
  EXPECT_EQ(x.gradient().item(), 12.0);
}

TEST(Tape, RecordsNothingForConstants) {
  const Variable a(Tensor::scalar(2.0)), b(Tensor::scalar(3.0));
  const Variable y = tanh(a * b) + square(a);
  EXPECT_FALSE(y.requires_gradient());
  EXPECT_THROW(y.backward(), Error);
  EXPECT_THROW(y.gradient(), Error);
}

TEST(Tape, EndsWhereAValueIsDetached) {
  const Variable x = leaf_of(3.0);
  const Variable y = square(x);
  EXPECT_FALSE((y.detach() * 2.0).requires_gradient());
  (y.detach() * x).backward();
  EXPECT_EQ(x.gradient().item(), 9.0);  // as if y were the constant 9
}

TEST(Tape, StartsFromAScalarOrAGivenGradient) {
  const Variable x = Variable::leaf(Tensor::arange({2, 2}, DType::f64));
  EXPECT_THROW(square(x).backward(), Error);
  EXPECT_THROW(square(x).backward(Tensor::zeros({2}, DType::f64)), Error);
  square(x).backward(Tensor::full({2, 2}, 10.0, DType::f64));
  EXPECT_EQ(max_difference(x.gradient(), Tensor::arange({2, 2}, DType::f64) * 20.0), 0.0);
}

TEST(Tape, TakesAGradientThatNeverArrivesForZero) {
  const Variable x = leaf_of(2.0), y = leaf_of(3.0);
  const Variable middle = square(x);
  const Variable ignores =
      record("ignores", y.value(), {middle, y}, [node = y.node()](const Tensor& g) { node->accumulate(g); });
  ignores.backward();
  EXPECT_FALSE(x.gradient().defined());
  EXPECT_EQ(y.gradient().item(), 1.0);
}

TEST(ReadyHook, FiresFromTheLastLayerToTheFirst) {
  std::string order;
  std::vector<Variable> weights;
  for (const char name : {'a', 'b', 'c'}) {
    weights.push_back(leaf_of(2.0));
    weights.back().node()->on_ready([&order, name] { order += name; });
  }
  (leaf_of(1.0) * weights[0] * weights[1] * weights[2]).backward();
  EXPECT_EQ(order, "cba");
}

TEST(ReadyHook, OfATiedWeightWaitsForItsLastUse) {
  std::string order;
  const Variable tied = leaf_of(2.0), other = leaf_of(3.0);
  tied.node()->on_ready([&] { order += 't'; });
  other.node()->on_ready([&] { order += 'o'; });
  (leaf_of(5.0) * tied * other * tied).backward();
  EXPECT_EQ(order, "ot");
  EXPECT_EQ(tied.gradient().item(), 60.0);
}

TEST(ReadyHook, FiresInEveryBackward) {
  int fired = 0;
  const Variable x = leaf_of(2.0);
  x.node()->on_ready([&] { ++fired; });
  for (int pass = 1; pass <= 3; ++pass) {
    (x * x).backward();
    EXPECT_EQ(fired, pass);
  }
  x.backward();  // the leaf itself
  EXPECT_EQ(fired, 4);
}

TEST(ReadyHook, DoesNotFireForALeafThatIsNotUsed) {
  int fired = 0;
  const Variable used = leaf_of(2.0), unused = leaf_of(2.0);
  unused.node()->on_ready([&] { ++fired; });
  square(used).backward();
  EXPECT_EQ(fired, 0);
}

}  // namespace
}  // namespace gpt
