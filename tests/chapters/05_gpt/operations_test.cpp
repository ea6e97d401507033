// Every operation of chapter 05 on the tape, against finite differences in double precision.

#include <gtest/gtest.h>

#include "02_backprop/gradient_check.hpp"
#include "02_backprop/operations.hpp"
#include "05_gpt/gpt_operations.hpp"

namespace gpt {
namespace {

Tensor random_tensor(const Shape& shape, uint64_t stream) {
  const Tensor t(shape, DType::f64);
  const RandomStream random(1, RandomUse::example, stream);
  for (int64_t i = 0; i < t.elements(); ++i) t.data<double>()[i] = random.normal(static_cast<uint64_t>(i));
  return t;
}

Backend& reference() {
  static const auto backend = make_reference_backend(DType::f64);
  return *backend;
}

const Dropout third{.probability = 1.0f / 3, .seed = 5, .step = 2, .site = 1, .first_sample = 7};

struct Case {
  const char* name;
  std::vector<Shape> shapes;
  std::function<Variable(Backend&, const std::vector<Variable>&)> f;

  friend std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }
};

class Operation : public testing::TestWithParam<Case> {
 protected:
  /// A sum with a different weight for every element makes a scalar of any result.
  static Variable weighted_sum(const Variable& y) {
    return y.shape().rank() == 0 ? y : sum(y * Variable(random_tensor(y.shape(), 99)));
  }
  static std::vector<Tensor> inputs() {
    std::vector<Tensor> result;
    for (const Shape& shape : GetParam().shapes) result.push_back(random_tensor(shape, result.size()));
    return result;
  }
};

TEST_P(Operation, HasTheGradientOfItsFiniteDifferences) {
  const auto f = [&](const std::vector<Variable>& x) { return weighted_sum(GetParam().f(reference(), x)); };
  const GradientCheck check = gradient_check(f, inputs());
  EXPECT_LT(check.worst, 1e-7) << check.where;
}

// Each input reaches the result twice, so that the second gradient meets a first one and must be added.
TEST_P(Operation, AddsToTheGradientThatIsThere) {
  const auto f = [&](const std::vector<Variable>& x) {
    std::vector<Variable> wider;
    for (const Variable& v : x) wider.push_back(v * 1.5);  // an operation's node, which is no leaf
    const Variable y = GetParam().f(reference(), wider), again = GetParam().f(reference(), wider);
    return weighted_sum(y) + 0.5 * weighted_sum(square(again));
  };
  const GradientCheck check = gradient_check(f, inputs());
  EXPECT_LT(check.worst, 1e-7) << check.where;
}

INSTANTIATE_TEST_SUITE_P(
    All, Operation,
    testing::Values(
        Case{"embedding",
             {{5, 3}, {4, 3}},
             [](Backend& b, auto& x) {
               return embedding(b, Tensor::from<int32_t>({4, 0, 4, 1, 4, 2}, {2, 3}), x[0], x[1]);
             }},
        Case{"layernorm",
             {{2, 3, 5}, {5}, {5}},
             [](Backend& b, auto& x) { return layernorm(b, x[0], x[1], x[2]); }},
        Case{"linear",
             {{2, 3, 4}, {5, 4}, {5}},
             [](Backend& b, auto& x) { return linear(b, x[0], x[1], x[2]); }},
        Case{"linear_without_bias",
             {{3, 4}, {5, 4}},
             [](Backend& b, auto& x) { return linear(b, x[0], x[1], {}); }},
        Case{"linear_with_residual",
             {{3, 4}, {5, 4}, {5}, {3, 5}},
             [](Backend& b, auto& x) { return linear(b, x[0], x[1], x[2], x[3]); }},
        Case{"linear_onto_its_own_input",
             {{3, 4}, {4, 4}, {4}},
             [](Backend& b, auto& x) { return linear(b, x[0], x[1], x[2], x[0]); }},
        Case{"unembedding",
             {{2, 3, 4}, {7, 4}},
             [](Backend& b, auto& x) { return unembedding(b, x[0], x[1]); }},
        Case{"attention", {{2, 5, 3 * 6}}, [](Backend& b, auto& x) { return attention(b, x[0], 3); }},
        Case{"attention_with_dropout",
             {{2, 5, 3 * 6}},
             [](Backend& b, auto& x) { return attention(b, x[0], 2, third); }},
        Case{"attention_of_one_position",
             {{2, 1, 3 * 2}},
             [](Backend& b, auto& x) { return attention(b, x[0], 1); }},
        Case{"gelu", {{3, 5}}, [](Backend& b, auto& x) { return gelu(b, x[0]); }},
        Case{"dropout", {{2, 3, 5}}, [](Backend& b, auto& x) { return dropout(b, x[0], {}, third); }},
        Case{"dropout_with_residual",
             {{2, 3, 5}, {2, 3, 5}},
             [](Backend& b, auto& x) { return dropout(b, x[0], x[1], third); }},
        Case{"cross_entropy",
             {{2, 3, 5}},
             [](Backend& b, auto& x) {
               return cross_entropy(b, x[0], Tensor::from<int32_t>({0, 4, -1, 2, 2, -1}, {2, 3}), 0.25);
             }}),
    [](const auto& test) { return test.param.name; });

TEST(GptOperations, RecordNothingForConstants) {
  const Variable x(random_tensor({2, 3}, 0)), w(random_tensor({4, 3}, 1));
  EXPECT_FALSE(linear(reference(), x, w, {}).requires_gradient());
  EXPECT_FALSE(gelu(reference(), x).requires_gradient());
}

TEST(GptOperations, LeaveTheLogitsAloneWhileSomebodyHoldsThem) {
  const Variable logits = Variable::leaf(random_tensor({3, 5}, 0));
  const Tensor before = logits.value().clone();
  cross_entropy(reference(), logits, Tensor::from<int32_t>({0, 1, 2}, {3}), 1.0).backward();
  EXPECT_EQ(to_string(before), to_string(logits.value()));
}

}  // namespace
}  // namespace gpt
