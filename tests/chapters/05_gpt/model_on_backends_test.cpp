// The whole model on the fast backends, against the reference in double precision.

#include <gtest/gtest.h>

#include <cmath>

#include "01_tensors/elementwise.hpp"
#include "05_gpt/gpt.hpp"

namespace gpt {
namespace {

Tensor random_tokens(const Shape& shape, int64_t vocabulary, uint64_t stream) {
  const Tensor tokens(shape, DType::i32);
  const RandomStream random(7, RandomUse::example, stream);
  for (int64_t i = 0; i < tokens.elements(); ++i)
    tokens.data<int32_t>()[i] =
        static_cast<int32_t>(random.below(static_cast<uint64_t>(i), static_cast<uint64_t>(vocabulary)));
  return tokens;
}

/// ‖a - b‖ / ‖b‖.
double relative_error(const Tensor& a, const Tensor& b) {
  const Tensor x = a.to(DType::f64), y = b.to(DType::f64), difference = x - y;
  return std::sqrt(sum(difference * difference).item() / sum(y * y).item());
}

class ModelOnBackend : public testing::TestWithParam<DType> {
 protected:
  std::unique_ptr<Backend> backend_ = make_cpu_backend(GetParam());
  std::unique_ptr<Backend> reference_ = make_reference_backend();
  double tolerance() const { return GetParam() == DType::bf16 ? 3e-2 : 1e-5; }

  /// The reference model with the same numbers, the matrices rounded to the compute type.
  std::unique_ptr<Gpt> twin(const Gpt& model) const {
    auto result = std::make_unique<Gpt>(model.config(), *reference_, 1);
    for (const Parameter& p : model.parameters().parameters())
      result->parameters().value(result->parameters().parameter(p.name)).copy_from(p.variable.value());
    return result;
  }
};

TEST_P(ModelOnBackend, HasTheLossAndTheGradientsOfTheReference) {
  for (const float dropout : {0.0f, 0.2f}) {
    Gpt model({.layers = 3, .heads = 3, .width = 48, .context = 40, .vocabulary = 67, .dropout = dropout},
              *backend_, 1);
    const auto twin_model = twin(model);
    const Tensor tokens = random_tokens({3, 37}, 67, 0), targets = random_tokens({3, 37}, 67, 1);
    targets.data<int32_t>()[5] = -1;
    const Pass pass{.training = true, .seed = 3, .step = 4, .first_sample = 9};
    const Variable loss = model.loss(tokens, targets, 1.0 / 110, pass);
    const Variable expected = twin_model->loss(tokens, targets, 1.0 / 110, pass);
    EXPECT_NEAR(loss.value().item() / expected.value().item(), 1.0, tolerance() / 10);
    loss.backward();
    expected.backward();
    for (const Parameter& p : model.parameters().parameters())
      EXPECT_LT(relative_error(p.variable.gradient(), twin_model->parameters().variable(p.name).gradient()),
                tolerance())
          << p.name << " with dropout " << dropout;
  }
}

TEST_P(ModelOnBackend, WritesFromItsCacheWhatTheWholePassWouldWrite) {
  Gpt model({.layers = 2, .heads = 2, .width = 32, .context = 40, .vocabulary = 67}, *backend_, 1);
  const Tensor tokens = random_tokens({2, 40}, 67, 0);
  const Tensor whole = model.logits(tokens, {}).value();
  KvCache cache = model.make_cache(2);
  for (const int64_t piece : {17, 1, 1, 20, 1}) {
    const int64_t from = cache.length;
    const Tensor logits = model.next_logits(tokens.slice(1, from, from + piece).contiguous(), cache);
    EXPECT_LT(relative_error(logits, whole.select(1, from + piece - 1)), tolerance());
  }
}

TEST_P(ModelOnBackend, LearnsOneBatchByHeartAndThenAsksTheSystemForNoMoreMemory) {
  Gpt model({.layers = 2, .heads = 2, .width = 32, .context = 16, .vocabulary = 67, .dropout = 0.05f},
            *backend_, 1);
  const ParameterStore& store = model.parameters();
  const Tensor tokens = random_tokens({2, 16}, 67, 0), targets = random_tokens({2, 16}, 67, 1);
  const Tensor m = Tensor::zeros(store.values().shape()), v = Tensor::zeros(store.values().shape());
  int64_t requests = 0;
  for (int64_t step = 1; step <= 150; ++step) {
    store.zero_gradients();
    model.loss(tokens, targets, 1.0 / 32, {.training = true, .step = static_cast<uint64_t>(step)}).backward();
    backend_->adamw(store.values(), store.gradients(), m, v, store.compute_copy(),
                    {.learning_rate = 5e-3, .step = step});
    if (step == 10) requests = host_allocator()->statistics().system_requests;
  }
  EXPECT_EQ(host_allocator()->statistics().system_requests, requests);
  EXPECT_LT(model.loss(tokens, targets, 1.0 / 32, {}).value().item(), 0.05);
}

TEST_P(ModelOnBackend, RefusesTokensAndTargetsOutsideTheVocabulary) {
  Gpt model({.layers = 1, .heads = 1, .width = 8, .context = 4, .vocabulary = 11}, *backend_, 1);
  const Tensor good = Tensor::from<int32_t>({0, 10, -1}, {1, 3}),
               bad = Tensor::from<int32_t>({0, 11, 1}, {1, 3});
  EXPECT_THROW(model.logits(good, {}), Error);  // -1 is a target, but no token
  EXPECT_THROW(model.logits(bad, {}), Error);
  const Tensor tokens = random_tokens({1, 3}, 11, 0);
  EXPECT_NO_THROW(model.loss(tokens, good, 1.0, {}));
  EXPECT_THROW(model.loss(tokens, bad, 1.0, {}), Error);
}

INSTANTIATE_TEST_SUITE_P(Cpu, ModelOnBackend, testing::Values(DType::f32, DType::bf16),
                         [](const auto& test) { return std::string(name_of(test.param)); });

}  // namespace
}  // namespace gpt
