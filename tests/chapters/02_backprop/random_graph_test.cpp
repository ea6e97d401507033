// Properties that hold for every graph, tried on random ones.

#include <gtest/gtest.h>

#include "01_tensors/elementwise.hpp"
#include "01_tensors/philox.hpp"
#include "02_backprop/gradient_check.hpp"
#include "02_backprop/operations.hpp"

namespace gpt {
namespace {

constexpr int graphs = 60, operations = 14;

/// A random expression of three leaves of shapes (3, 3), (3) and (3, 1): every step applies an operation to
/// random earlier results. All values stay moderate, so that finite differences are exact to many digits.
class RandomGraph {
 public:
  explicit RandomGraph(uint64_t seed) : random_(seed, RandomUse::example) {}

  std::vector<Tensor> leaves() const {
    std::vector<Tensor> result;
    uint64_t position = 1000;  // far from the numbers that choose the operations
    for (const Shape& shape : {Shape{3, 3}, Shape{3}, Shape{3, 1}}) {
      const Tensor t(shape, DType::f64);
      for (double& v : t.span<double>()) v = random_.normal(position++);
      result.push_back(t);
    }
    return result;
  }

  Variable operator()(const std::vector<Variable>& leaves) const {
    uint64_t position = 0;
    const auto below = [&](uint64_t n) { return random_.below(position++, n); };
    const Tensor zero = Tensor::zeros({3, 3}, DType::f64);
    std::vector<Variable> pool;
    for (const Variable& leaf : leaves) pool.push_back(leaf + Variable(zero));
    const auto any = [&]() -> const Variable& { return pool[below(pool.size())]; };
    for (int i = 0; i < operations; ++i) pool.push_back(apply(below(14), any(), any(), leaves));
    Variable total = sum(pool.back());
    for (const Variable& v : pool) total = total + mean(v) * (0.5 + static_cast<double>(below(8)) / 8);
    return total;
  }

 private:
  static Variable apply(uint64_t operation, const Variable& a, const Variable& b,
                        const std::vector<Variable>& leaves) {
    switch (operation) {
      case 0:
        return a + b;
      case 1:
        return a - b;
      case 2:
        return tanh(a * b);
      case 3:
        return a / (square(b) + 2.0);
      case 4:
        return exp(tanh(a));
      case 5:
        return log(square(a) + 1.0);
      case 6:
        return tanh(matmul(a, transpose(b, 0, 1)));
      case 7:
        return transpose(a, 0, 1);
      case 8:
        return b + tanh(sum(a, 0));  // (3, 3) + (3)
      case 9:
        return b * slice(tanh(a), 0, 1, 2);  // (3, 3) · (1, 3)
      case 10:
        return reshape(reshape(a + b, {9}), {3, 3});
      case 11:
        return b * mean(a);  // (3, 3) · ()
      case 12:
        return a * tanh(leaves[1]) - leaves[2];  // a leaf used again and again
      default:
        return tanh(-a) + leaves[0];
    }
  }

  RandomStream random_;
};

TEST(RandomGraphs, HaveTheGradientsOfTheirFiniteDifferences) {
  for (uint64_t seed = 0; seed < graphs; ++seed) {
    const RandomGraph graph(seed);
    const GradientCheck check = gradient_check(graph, graph.leaves());
    ASSERT_LT(check.worst, 1e-7) << "graph " << seed << ": " << check.where;
  }
}

TEST(RandomGraphs, FireEveryReadyHookOnceAndOnlyWhenTheGradientIsFinal) {
  for (uint64_t seed = 0; seed < graphs; ++seed) {
    const RandomGraph graph(seed);
    std::vector<Variable> leaves;
    for (const Tensor& leaf : graph.leaves()) leaves.push_back(Variable::leaf(leaf));
    std::vector<int> fired(leaves.size());
    std::vector<Tensor> when_ready(leaves.size());
    for (size_t i = 0; i < leaves.size(); ++i)
      leaves[i].node()->on_ready([&, i, node = leaves[i].node().get()] {
        ++fired[i];
        when_ready[i] = node->gradient().clone();
      });
    graph(leaves).backward();
    for (size_t i = 0; i < leaves.size(); ++i) {
      ASSERT_EQ(fired[i], 1) << "leaf " << i << " of graph " << seed;
      ASSERT_EQ(max_difference(when_ready[i], leaves[i].gradient()), 0.0)
          << "leaf " << i << " of graph " << seed;
    }
  }
}

TEST(RandomGraphs, LeaveNothingBehind) {
  const int64_t before = host_allocator()->statistics().in_use;
  for (uint64_t seed = 0; seed < graphs; ++seed) {
    const RandomGraph graph(seed);
    std::vector<Variable> leaves;
    for (const Tensor& leaf : graph.leaves()) leaves.push_back(Variable::leaf(leaf));
    const Variable result = graph(leaves);
    if (seed % 2 == 0) result.backward();
  }
  EXPECT_EQ(host_allocator()->statistics().in_use, before);
}

}  // namespace
}  // namespace gpt
