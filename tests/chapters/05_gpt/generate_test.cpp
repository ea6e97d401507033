#include "05_gpt/generate.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

namespace gpt {
namespace {

const Tensor logits = Tensor::from<float>({0.0f, 3.0f, 1.0f, 2.0f, 3.0f}, {5});

std::set<int32_t> tokens_of(const std::vector<TokenChance>& chances) {
  std::set<int32_t> tokens;
  for (const TokenChance& chance : chances) tokens.insert(chance.token);
  return tokens;
}

TEST(TokenChances, AreTheSoftmaxWhenNothingIsCutOff) {
  const auto chances = token_chances(logits, {});
  ASSERT_EQ(chances.size(), 5u);
  double denominator = 0.0, sum = 0.0;
  for (const float z : logits.span<float>()) denominator += std::exp(static_cast<double>(z));
  for (const TokenChance& chance : chances) {
    const double z = logits.data<float>()[chance.token];
    EXPECT_NEAR(chance.probability, std::exp(z) / denominator, 1e-12);
    sum += chance.probability;
  }
  EXPECT_NEAR(sum, 1.0, 1e-12);
}

TEST(TokenChances, DivideTheLogitsByTheTemperature) {
  const auto cold = token_chances(logits, {.temperature = 0.5});
  EXPECT_NEAR(cold[1].probability / cold[3].probability, std::exp((3.0 - 2.0) / 0.5), 1e-9);
}

TEST(TokenChances, OfTopKAreTheKMostProbableTokens) {
  EXPECT_EQ(tokens_of(token_chances(logits, {.top_k = 1})), (std::set<int32_t>{1}));  // 1 and 4 are equal
  EXPECT_EQ(tokens_of(token_chances(logits, {.top_k = 3})), (std::set<int32_t>{1, 3, 4}));
  EXPECT_EQ(token_chances(logits, {.top_k = 100}).size(), 5u);
  const auto three = token_chances(logits, {.top_k = 3});
  EXPECT_NEAR(three[0].probability + three[1].probability + three[2].probability, 1.0, 1e-12);
}

TEST(TokenChances, OfTopPAreTheFewestThatReachP) {
  // Softmax of (3, 3, 2, 1, 0): 0.392, 0.392, 0.144, 0.053, 0.020.
  EXPECT_EQ(tokens_of(token_chances(logits, {.top_p = 0.01})), (std::set<int32_t>{1}));
  EXPECT_EQ(tokens_of(token_chances(logits, {.top_p = 0.38})), (std::set<int32_t>{1}));
  EXPECT_EQ(tokens_of(token_chances(logits, {.top_p = 0.40})), (std::set<int32_t>{1, 4}));
  EXPECT_EQ(tokens_of(token_chances(logits, {.top_p = 0.80})), (std::set<int32_t>{1, 3, 4}));
  EXPECT_EQ(tokens_of(token_chances(logits, {.top_p = 0.95})), (std::set<int32_t>{1, 2, 3, 4}));
  EXPECT_EQ(token_chances(logits, {.top_p = 0.9999}).size(), 5u);
}

TEST(TokenChances, OfTopPAreCountedAmongTheTopK) {
  // Of the two equal ones left by top-k, each has 0.5.
  EXPECT_EQ(tokens_of(token_chances(logits, {.top_k = 2, .top_p = 0.45})), (std::set<int32_t>{1}));
}

TEST(TokenChances, ApproachTheMostProbableTokenAsTheTemperatureFalls) {
  const Tensor z = Tensor::from<float>({0.0f, 3.0f, 2.9f}, {3});
  for (const double temperature : {0.0, 1e-4, 0.01}) {
    const auto chances = token_chances(z, {.temperature = temperature});
    double of_one = 0.0;
    for (const TokenChance& chance : chances)
      if (chance.token == 1) of_one = chance.probability;
    EXPECT_GT(of_one, 0.9999);
  }
}

TEST(SampleToken, DrawsEachTokenAsOftenAsItsProbabilitySays) {
  std::map<int32_t, int> count;
  const int n = 20000;
  for (int i = 0; i < n; ++i) ++count[sample_token(logits, {.seed = 9}, static_cast<uint64_t>(i))];
  for (const TokenChance& chance : token_chances(logits, {})) {
    const double expected = chance.probability * n;
    EXPECT_NEAR(count[chance.token], expected, 5 * std::sqrt(expected)) << "token " << chance.token;
  }
}

TEST(SampleToken, RefusesNumbersThatMakeNoSense) {
  EXPECT_THROW((Sampling{.temperature = -1.0}.validate()), UserError);
  EXPECT_THROW((Sampling{.top_k = -1}.validate()), UserError);
  EXPECT_THROW((Sampling{.top_p = 0.0}.validate()), UserError);
  EXPECT_THROW((Sampling{.top_p = 1.5}.validate()), UserError);
}

class Generate : public testing::Test {
 protected:
  static constexpr int64_t context = 8;
  std::unique_ptr<Backend> backend_ = make_reference_backend(DType::f64);
  Gpt model_{{.layers = 2, .heads = 2, .width = 12, .context = context, .vocabulary = 13}, *backend_, 5};
  const std::vector<int32_t> prompt_{3, 1, 4};

  Generate() {  // fresh weights predict nearly the same for every text; larger ones do not
    const Tensor& values = model_.parameters().values();
    for (double& value : values.span<double>()) value *= 8.0;
  }
  /// The most probable token after the last `length` of `text`, from a whole forward pass.
  int32_t best_after(const std::vector<int32_t>& text, int64_t length) {
    const std::vector<int32_t> window(text.end() - length, text.end());
    const Tensor all = model_.logits(Tensor::from(window, {1, length}), {}).value();
    return sample_token(all.select(0, 0).select(0, length - 1), {.temperature = 0.0}, 0);
  }
};

TEST_F(Generate, AtTemperatureZeroTakesTheMostProbableTokenOfAWholeForwardPass) {
  std::vector<int32_t> text = prompt_;
  const auto written = generate(model_, prompt_, 25, {.temperature = 0.0});
  ASSERT_EQ(written.size(), 25u);
  int64_t length = 3;  // the window grows to the context, falls to its half and grows again
  for (const int32_t token : written) {
    EXPECT_EQ(token, best_after(text, length));
    text.push_back(token);
    length = length == context ? context / 2 : length + 1;
  }
  EXPECT_GT(std::set<int32_t>(written.begin(), written.end()).size(), 2u) << "the test text is too dull";
}

TEST_F(Generate, TheSameSeedWritesTheSameText) {
  const auto text = generate(model_, prompt_, 30, {.seed = 1});
  EXPECT_EQ(text, generate(model_, prompt_, 30, {.seed = 1}));
  EXPECT_NE(text, generate(model_, prompt_, 30, {.seed = 2}));
}

TEST_F(Generate, ShowsEachTokenAsItComes) {
  std::vector<int32_t> seen;
  const auto text = generate(model_, prompt_, 9, {}, [&](int32_t token) { seen.push_back(token); });
  EXPECT_EQ(seen, text);
}

TEST_F(Generate, TakesTheEndOfAPromptLongerThanTheContext) {
  std::vector<int32_t> longer{9, 9, 9};
  const std::vector<int32_t> end{1, 2, 3, 4, 5, 6, 7, 8};
  longer.insert(longer.end(), end.begin(), end.end());
  EXPECT_EQ(generate(model_, longer, 5, {.temperature = 0.0}),
            generate(model_, end, 5, {.temperature = 0.0}));
}

TEST_F(Generate, RefusesAnEmptyPromptAndWritesNothingWhenAskedForNothing) {
  EXPECT_THROW(generate(model_, {}, 5, {}), UserError);
  EXPECT_TRUE(generate(model_, prompt_, 0, {}).empty());
}

}  // namespace
}  // namespace gpt
