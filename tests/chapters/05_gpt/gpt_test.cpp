// The model as a whole: its gradients, its causality, its dropout, its cache.

#include "05_gpt/gpt.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "01_tensors/elementwise.hpp"

namespace gpt {
namespace {

Backend& reference() {
  static const auto backend = make_reference_backend(DType::f64);
  return *backend;
}

const GptConfig tiny{.layers = 2, .heads = 2, .width = 6, .context = 7, .vocabulary = 11};
const GptConfig tiny_with_dropout{
    .layers = 2, .heads = 2, .width = 6, .context = 7, .vocabulary = 11, .dropout = 0.25f};

Tensor random_tokens(const Shape& shape, int64_t vocabulary, uint64_t stream) {
  const Tensor tokens(shape, DType::i32);
  const RandomStream random(7, RandomUse::example, stream);
  for (int64_t i = 0; i < tokens.elements(); ++i)
    tokens.data<int32_t>()[i] =
        static_cast<int32_t>(random.below(static_cast<uint64_t>(i), static_cast<uint64_t>(vocabulary)));
  return tokens;
}

/// Every value moved away from GPT-2's initialisation, whose zeros and ones would hide mistakes.
void scramble(Gpt& model) {
  const RandomStream random(3, RandomUse::example);
  for (const Parameter& p : model.parameters().parameters()) {
    double* values = model.parameters().value(p).data<double>();
    for (int64_t i = 0; i < p.elements; ++i)
      values[i] += 0.3 * random.normal(static_cast<uint64_t>(p.offset + i));
  }
}

/// The gradients of one batch, as an independent tensor.
Tensor gradients(Gpt& model, const Tensor& tokens, const Tensor& targets, double scale, const Pass& pass) {
  model.parameters().zero_gradients();
  model.loss(tokens, targets, scale, pass).backward();
  return model.parameters().gradients().clone();
}

/// The dropout of the model.
class WholeModel : public testing::TestWithParam<float> {};

TEST_P(WholeModel, HasTheGradientOfItsFiniteDifferencesInEveryParameter) {
  Gpt model(GetParam() > 0.0f ? tiny_with_dropout : tiny, reference(), 1);
  scramble(model);
  const Tensor tokens = random_tokens({2, 5}, 11, 0), targets = random_tokens({2, 5}, 11, 1);
  targets.data<int32_t>()[3] = -1;
  const Pass pass{.training = true, .seed = 4, .step = 9, .first_sample = 6};
  const Tensor analytic = gradients(model, tokens, targets, 0.5, pass);

  const RandomStream random(5, RandomUse::example);
  uint64_t draw = 0;
  for (const Parameter& p : model.parameters().parameters())
    for (int trial = 0; trial < 6; ++trial) {
      const auto i = static_cast<int64_t>(random.below(draw++, static_cast<uint64_t>(p.elements)));
      double& value = model.parameters().values().data<double>()[p.offset + i];
      const double before = value, h = 1e-5;
      value = before + h;
      const double above = model.loss(tokens, targets, 0.5, pass).value().item();
      value = before - h;
      const double below = model.loss(tokens, targets, 0.5, pass).value().item();
      value = before;
      EXPECT_NEAR(analytic.data<double>()[p.offset + i], (above - below) / (2 * h), 1e-7)
          << p.name << ", element " << i;
    }
}

INSTANTIATE_TEST_SUITE_P(Gpt, WholeModel, testing::Values(0.0f, tiny_with_dropout.dropout),
                         [](const auto& test) {
                           return test.param > 0.0f ? "with_dropout" : "without_dropout";
                         });

TEST(Gpt, DeclaresThePublishedNamesAndShapes) {
  Gpt model({.layers = 12, .heads = 12, .width = 48, .context = 16, .vocabulary = 50}, reference(), 1);
  const ParameterStore& store = model.parameters();
  EXPECT_EQ(store.parameters().size(), 2u + 12 * 12 + 2);
  EXPECT_EQ(store.parameter("wte.weight").shape, (Shape{50, 48}));
  EXPECT_EQ(store.parameter("wpe.weight").shape, (Shape{16, 48}));
  EXPECT_EQ(store.parameter("h.11.attn.c_attn.weight").shape, (Shape{144, 48}));
  EXPECT_EQ(store.parameter("h.0.mlp.c_fc.bias").shape, (Shape{192}));
  EXPECT_EQ(store.parameter("h.3.mlp.c_proj.weight").shape, (Shape{48, 192}));
  EXPECT_EQ(store.parameter("ln_f.bias").shape, (Shape{48}));
  EXPECT_EQ(store.parameter_count(), 50 * 48 + 16 * 48 + 12 * (12 * 48 * 48 + 13 * 48) + 2 * 48);
}

TEST(Gpt, FinishesGradientsFromTheFrontOfTheBuffer) {
  Gpt model(tiny, reference(), 1);
  std::vector<std::string> order;
  for (const Parameter& p : model.parameters().parameters())
    p.variable.node()->on_ready([&order, &p] { order.push_back(p.name); });
  model.loss(random_tokens({1, 4}, 11, 0), random_tokens({1, 4}, 11, 1), 1.0, {.training = true}).backward();
  ASSERT_EQ(order.size(), model.parameters().parameters().size());
  EXPECT_TRUE(order.front().starts_with("ln_f"));
  EXPECT_TRUE(order[2].starts_with("h.1.mlp.c_proj"));
  // The embeddings come last: the head's share of wte is early, but the input's closes it.
  EXPECT_TRUE(order.back().starts_with("w") && order[order.size() - 2].starts_with("w"));
}

TEST(Gpt, BeginsWithTheLossOfOneWhoKnowsNothing) {
  Gpt model({.layers = 2, .heads = 2, .width = 32, .context = 16, .vocabulary = 65}, reference(), 1);
  const Tensor tokens = random_tokens({4, 16}, 65, 0), targets = random_tokens({4, 16}, 65, 1);
  EXPECT_NEAR(model.loss(tokens, targets, 1.0 / 64, {}).value().item(), std::log(65.0), 0.05);
}

TEST(Gpt, EvaluationRecordsNoTapeAndGivesTheSameLogits) {
  Gpt model(tiny, reference(), 1);
  const Tensor tokens = random_tokens({2, 5}, 11, 0);
  const Variable recorded = model.logits(tokens, {.training = true}), plain = model.logits(tokens, {});
  EXPECT_TRUE(recorded.requires_gradient());
  EXPECT_FALSE(plain.requires_gradient());
  EXPECT_EQ(max_difference(recorded.value(), plain.value()), 0.0);
}

TEST(Gpt, NoPositionSeesTheFuture) {
  Gpt model(tiny, reference(), 1);
  scramble(model);
  const Tensor tokens = random_tokens({1, 7}, 11, 0);
  const Tensor before = model.logits(tokens, {}).value();
  for (int64_t t = 0; t < 7; ++t) {
    const Tensor changed = tokens.clone();
    changed.data<int32_t>()[t] = (changed.data<int32_t>()[t] + 1) % 11;
    const Tensor after = model.logits(changed, {}).value();
    EXPECT_EQ(max_difference(before.slice(1, 0, t), after.slice(1, 0, t)), 0.0);
    for (int64_t s = t; s < 7; ++s)  // and everything from t on does see it
      EXPECT_GT(max_difference(before.select(1, s), after.select(1, s)), 1e-6) << t << " → " << s;
  }
}

TEST(Gpt, TheTokenTableGathersGradientsFromBothItsUses) {
  Gpt model(tiny, reference(), 1);
  scramble(model);
  const Tensor tokens = Tensor::from<int32_t>({1, 2, 3, 2}, {1, 4});
  model.parameters().zero_gradients();
  model.loss(tokens, random_tokens({1, 4}, 11, 1), 1.0, {.training = true}).backward();
  const Tensor d_tokens = model.parameters().variable("wte.weight").gradient();
  const Tensor d_positions = model.parameters().variable("wpe.weight").gradient();
  // The head: even a token that was never read, 7, has been judged as a prediction.
  EXPECT_GT(max_difference(d_tokens.select(0, 7), Tensor::zeros({6}, DType::f64)), 1e-4);
  // The embedding: a row's gradients with respect to its logits sum to 0, so the head's share cancels in the
  // sum over the vocabulary, and what remains is what the position table got as well.
  EXPECT_GT(max_difference(sum(d_positions, 0), Tensor::zeros({6}, DType::f64)), 1e-4);
  EXPECT_LT(max_difference(sum(d_tokens, 0), sum(d_positions, 0)), 1e-12);
}

// [halves]
TEST(Gpt, GradientsOfTwoHalvesOfABatchAddUpToThatOfTheWhole) {
  for (const GptConfig& config : {tiny, tiny_with_dropout}) {
    Gpt model(config, reference(), 1);
    scramble(model);
    const Tensor tokens = random_tokens({5, 6}, 11, 0), targets = random_tokens({5, 6}, 11, 1);
    const double scale = 1.0 / 30;
    Pass pass{.training = true, .seed = 2, .step = 3, .first_sample = 10};
    const Tensor whole = gradients(model, tokens, targets, scale, pass);

    model.parameters().zero_gradients();
    double sum = 0.0;
    for (const auto& [from, to] : {std::pair{0, 2}, std::pair{2, 5}}) {  // as two ranks would share it
      pass.first_sample = 10 + from;
      const Variable loss = model.loss(tokens.slice(0, from, to), targets.slice(0, from, to), scale, pass);
      loss.backward();
      sum += loss.value().item();
    }
    pass.first_sample = 10;
    EXPECT_LT(max_difference(whole, model.parameters().gradients()), 1e-14);
    EXPECT_NEAR(sum, model.loss(tokens, targets, scale, pass).value().item(), 1e-13);
  }
}
// [/halves]

TEST(Gpt, PositionsWithoutATargetCountForNothing) {
  Gpt model(tiny, reference(), 1);
  scramble(model);
  const Tensor tokens = random_tokens({1, 6}, 11, 0), targets = random_tokens({1, 6}, 11, 1);
  const Tensor masked = targets.clone();
  for (int64_t t = 4; t < 6; ++t) masked.data<int32_t>()[t] = -1;
  const Pass pass{.training = true};
  const Tensor with_mask = gradients(model, tokens, masked, 1.0, pass);
  // The last positions have no target, and nobody before them sees them: the same as a shorter text.
  const Tensor shorter = gradients(model, tokens.slice(1, 0, 4), targets.slice(1, 0, 4), 1.0, pass);
  EXPECT_LT(max_difference(with_mask, shorter), 1e-13);
}

TEST(Gpt, LearnsOneBatchByHeart) {
  const auto backend = make_reference_backend(DType::f32);
  Gpt model({.layers = 2, .heads = 2, .width = 16, .context = 8, .vocabulary = 11}, *backend, 1);
  const Tensor tokens = random_tokens({2, 8}, 11, 0), targets = random_tokens({2, 8}, 11, 1);
  const Tensor& values = model.parameters().values();
  const Tensor m = Tensor::zeros(values.shape()), v = Tensor::zeros(values.shape());
  double loss = 0.0;
  for (int64_t step = 1; step <= 150; ++step) {
    model.parameters().zero_gradients();
    const Variable result = model.loss(tokens, targets, 1.0 / 16, {.training = true});
    result.backward();
    loss = result.value().item();
    backend->adamw(values, model.parameters().gradients(), m, v, {}, {.learning_rate = 1e-2, .step = step});
  }
  EXPECT_LT(loss, 0.01);
}

TEST(Gpt, AsksTheSystemForNoMemoryAfterTheFirstStep) {
  const auto backend = make_reference_backend(DType::f32);
  Gpt model(tiny_with_dropout, *backend, 1);
  const Tensor tokens = random_tokens({2, 7}, 11, 0), targets = random_tokens({2, 7}, 11, 1);
  const auto step = [&] {
    model.parameters().zero_gradients();
    model.loss(tokens, targets, 1.0, {.training = true}).backward();
    return host_allocator()->statistics();
  };
  const AllocatorStatistics first = step();
  AllocatorStatistics later = step();
  for (int i = 0; i < 5; ++i) later = step();
  EXPECT_EQ(later.system_requests, first.system_requests);
  EXPECT_EQ(later.in_use, first.in_use);
}

TEST(Gpt, FollowsTheCacheWhateverThePiecesItComesIn) {
  Gpt model(tiny, reference(), 1);
  scramble(model);
  const Tensor tokens = random_tokens({3, 7}, 11, 0);
  const Tensor whole = model.logits(tokens, {}).value();
  for (const std::vector<int64_t>& pieces :
       std::vector<std::vector<int64_t>>{{1, 1, 1, 1, 1, 1, 1}, {7}, {3, 1, 1, 2}, {4, 3}, {1, 6}}) {
    KvCache cache = model.make_cache(3);
    for (const int64_t piece : pieces) {
      const int64_t from = cache.length;
      const Tensor logits = model.next_logits(tokens.slice(1, from, from + piece).contiguous(), cache);
      EXPECT_EQ(cache.length, from + piece);
      EXPECT_LT(max_difference(logits, whole.select(1, from + piece - 1)), 1e-12);
    }
    EXPECT_THROW(model.next_logits(tokens.slice(1, 0, 1).contiguous(), cache), Error);
  }
}

TEST(Gpt, RefusesWhatDoesNotFit) {
  Gpt model(tiny, reference(), 1);
  EXPECT_THROW(model.logits(random_tokens({1, 8}, 11, 0), {}), Error);         // T > context
  EXPECT_THROW(model.logits(Tensor::from<int32_t>({11}, {1, 1}), {}), Error);  // no such token
  EXPECT_THROW(model.loss(random_tokens({1, 4}, 11, 0), random_tokens({1, 3}, 11, 0), 1.0, {}), Error);
}

TEST(GptConfig, SaysWhatContradictsItself) {
  EXPECT_NO_THROW(tiny.validate());
  const auto complaint = [](GptConfig config) -> std::string {
    try {
      config.validate();
    } catch (const UserError& error) {
      return error.what();
    }
    return "";
  };
  GptConfig config = tiny;
  config.width = 100, config.heads = 6;
  EXPECT_EQ(complaint(config), "the width 100 does not divide into 6 heads; the nearest that does is 102");
  config.width = 1, config.heads = 6;
  EXPECT_NE(complaint(config).find("nearest that does is 6"), std::string::npos);
  config = tiny, config.layers = 0;
  EXPECT_NE(complaint(config), "");
  config = tiny, config.heads = -1;
  EXPECT_NE(complaint(config), "");
  config = tiny, config.context = 0;
  EXPECT_NE(complaint(config), "");
  config = tiny, config.vocabulary = 1;
  EXPECT_NE(complaint(config), "");
  config = tiny, config.dropout = 1.0f;
  EXPECT_NE(complaint(config), "");
}

TEST(GptConfig, CountsParametersAsTheStoreDoes) {
  for (const GptConfig& config : {tiny, GptConfig{.layers = 3, .heads = 5, .width = 20, .context = 9}})
    EXPECT_EQ(parameter_count(config), Gpt(config, reference(), 1).parameters().parameter_count());
  EXPECT_EQ(parameter_count({.layers = 12, .heads = 12, .width = 768, .context = 1024, .vocabulary = 50257}),
            124439808);  // GPT-2's smallest
}

TEST(GptConfig, CountsTheBytesThatTheTapeHolds) {
  const auto backend = make_reference_backend(DType::f32);
  Gpt model({.layers = 2, .heads = 4, .width = 64, .context = 32, .vocabulary = 256}, *backend, 1);
  const Tensor tokens = random_tokens({4, 32}, 256, 0), targets = random_tokens({4, 32}, 256, 1);
  const int64_t before = host_allocator()->statistics().in_use;
  const Variable loss = model.loss(tokens, targets, 1.0, {.training = true});
  const auto held = static_cast<double>(host_allocator()->statistics().in_use - before);
  EXPECT_NEAR(held / (4 * 32) / activation_bytes_per_token(model.config(), 4), 1.0, 0.01);
  loss.backward();
  EXPECT_LT(host_allocator()->statistics().in_use - before, 1024) << "the tape did not let go";
}

TEST(GptConfig, CountsOperationsAsTheLessonDoes) {
  const GptConfig small{.layers = 6, .heads = 6, .width = 384, .context = 256, .vocabulary = 256};
  EXPECT_EQ(approximate_flops_per_token(small, 256),
            6.0 * (6 * 12 * 384 * 384 + 256 * 384) + 12.0 * 6 * 256 * 384);
}

}  // namespace
}  // namespace gpt
