// Passes whose orders the device keeps: the same numbers as without, in memory that nobody else gets.

#include <gtest/gtest.h>

#include "08_gpu_training/gpu_backend.hpp"
#include "08_gpu_training/graphed_passes.hpp"
#include "common/check.hpp"

namespace gpt {
namespace {

constexpr int64_t positions = 8, vocabulary = 19;
#ifdef SIMT_CHECKED  // the checked build is slow
constexpr int64_t steps = 1;
const auto types = testing::Values(DType::f32);
#else
constexpr int64_t steps = 4;
const auto types = testing::Values(DType::f32, DType::bf16);
#endif

Tensor some_tokens(int64_t rows, uint64_t stream) {
  const Tensor tokens({rows, positions}, DType::i32);
  const RandomStream random(5, RandomUse::example, stream);
  for (int64_t i = 0; i < tokens.elements(); ++i)
    tokens.data<int32_t>()[i] = static_cast<int32_t>(random.below(static_cast<uint64_t>(i), vocabulary));
  return tokens;
}

GptConfig shape() {
  return {.layers = 2, .heads = 2, .width = 16, .context = positions, .vocabulary = vocabulary};
}

class Graph : public testing::TestWithParam<DType> {
 protected:
  void SetUp() override {
    if (KERNEL_SPACE::gpu_status().state != GpuStatus::State::ready) GTEST_SKIP() << "no GPU here";
    backend_ = KERNEL_SPACE::make_gpu_backend({.compute_type = GetParam()});
  }
  std::unique_ptr<Backend> backend_;
};

/// Losses of every micro-batch and of the evaluations between, then the parameters.
std::vector<double> train(Backend& backend, bool graphed) {
  Gpt model(shape(), backend, 1);
  const ParameterStore& store = model.parameters();
  const Tensor m = backend.empty(store.values().shape(), DType::f32), v = m.clone();
  backend.fill(m, 0.0), backend.fill(v, 0.0);
  GraphedPasses passes(model);
  std::vector<double> numbers;
  for (int64_t step = 1; step <= steps; ++step) {
    backend.fill(store.gradients(), 0.0);
    for (int64_t part = 0; part < 3; ++part) {  // micro-batches of 2, 2 and 1
      const int64_t rows = part < 2 ? 2 : 1;
      const auto number = static_cast<uint64_t>(3 * step + part);
      const Tensor tokens = some_tokens(rows, 2 * number), targets = some_tokens(rows, 2 * number + 1);
      const double scale = 1.0 / (5 * positions);
      if (graphed) {
        numbers.push_back(passes.run(tokens, targets, scale));
      } else {
        const Variable loss = model.loss(tokens, targets, scale, {.training = true});
        loss.backward();
        numbers.push_back(loss.value().item());
      }
    }
    backend.adamw(store.values(), store.gradients(), m, v, store.compute_copy(),
                  {.learning_rate = 3e-3, .step = step});
    numbers.push_back(model.loss(some_tokens(3, 100), some_tokens(3, 101), 1.0, {}).value().item());
  }
  const Tensor values = store.values().host();
  for (const float value : values.span<float>()) numbers.push_back(value);
  EXPECT_EQ(passes.orders() > 0, graphed);
  return numbers;
}

TEST_P(Graph, TrainsTheSameModelBitForBit) {
  EXPECT_EQ(train(*backend_, true), train(*backend_, false));
}

TEST_P(Graph, NobodyElseGetsItsMemory) {
  Gpt model(shape(), *backend_, 1);
  GraphedPasses passes(model);
  const Tensor tokens = some_tokens(2, 0), targets = some_tokens(2, 1);
  const double first = passes.run(tokens, targets, 0.1);
  std::vector<Tensor> later;  // of all sizes that the pass has used, more of each than it had
  for (int64_t elements = 128; elements <= 8192; elements += elements / 8)
    for (int i = 0; i < 12; ++i) {
      later.push_back(backend_->empty({elements}, DType::f32));
      backend_->fill(later.back(), 0.25);
    }
  EXPECT_EQ(passes.run(tokens, targets, 0.1), first) << "what was written into them is what it computed from";
  for (const Tensor& tensor : later)
    EXPECT_EQ(backend_->sum(tensor), 0.25 * static_cast<double>(tensor.elements()));
}

TEST_P(Graph, GivesItsMemoryBackInTheEnd) {
  const auto allocator = backend_->allocator();
  const int64_t before = allocator->statistics().in_use;
  {
    Gpt model(shape(), *backend_, 1);
    GraphedPasses passes(model);
    passes.run(some_tokens(2, 0), some_tokens(2, 1), 0.1);
  }
  EXPECT_EQ(allocator->statistics().in_use, before);
}

TEST_P(Graph, RefusesWhatCannotBeCaptured) {
  const Tensor x = backend_->empty({10}, DType::f32);
  backend_->fill(x, 3.0);
  EXPECT_THROW(backend_->capture([&] { backend_->sum(x); }), Error) << "the host would wait for the sum";
  EXPECT_THROW(backend_->capture([&] { x.copy_from(Tensor({10})); }), Error) << "a copy that waits";
  EXPECT_THROW(backend_->capture([&] { backend_->empty({1'000'000}); }), Error) << "memory nobody had";
  Tensor escaped;
  { const Tensor cached = backend_->empty({5000}); }
  EXPECT_THROW(backend_->capture([&] { escaped = backend_->empty({5000}); }), Error)
      << "and whose is it now?";
  escaped = {};

  const auto orders = backend_->capture([&] { backend_->add(x, x); });  // all is well again
  EXPECT_EQ(backend_->sum(x), 30.0) << "captured, and done as well";
  orders->run();
  orders->run();
  EXPECT_EQ(orders->size(), 1);
  EXPECT_EQ(backend_->sum(x), 120.0);

  GptConfig with_dropout = shape();
  with_dropout.dropout = 0.1f;
  Gpt model(with_dropout, *backend_, 1);
  EXPECT_THROW(GraphedPasses{model}, UserError);
  Gpt plain(shape(), *backend_, 1);
  GraphedPasses passes(plain);
  EXPECT_THROW(passes.run(some_tokens(1, 0), Tensor::full({1, positions}, 99, DType::i32), 1.0), Error);
}

INSTANTIATE_TEST_SUITE_P(Types, Graph, types,
                         [](const auto& type) { return std::string(name_of(type.param)); });

}  // namespace
}  // namespace gpt
