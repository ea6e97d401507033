#include "exercises/05_gpt/min_p.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace gpt {
namespace {

/// Logits of these probabilities.
Tensor logits_of(const std::vector<float>& probabilities) {
  std::vector<float> logits;
  for (const float p : probabilities) logits.push_back(std::log(p) + 3.0f);
  return Tensor::from<float>(logits, {static_cast<int64_t>(logits.size())});
}

TEST(MinP, KeepsWhatIsNearTheBest) {
  const auto chances = min_p_chances(logits_of({0.055f, 0.5f, 0.045f, 0.34f, 0.06f}), 1.0, 0.1);
  ASSERT_EQ(chances.size(), 4u)
      << "0.055 stays, more than a tenth of the best, which has 0.5: a tenth of 1 is another limit";
  EXPECT_EQ(chances[0].token, 0) << "in the order of the vocabulary";
  EXPECT_EQ(chances[1].token, 1);
  EXPECT_EQ(chances[2].token, 3);
  EXPECT_EQ(chances[3].token, 4);
}

TEST(MinP, ScalesWhatIsLeft) {
  const auto chances = min_p_chances(logits_of({0.6f, 0.3f, 0.1f}), 1.0, 0.4);
  ASSERT_EQ(chances.size(), 2u);
  EXPECT_NEAR(chances[0].probability, 2.0 / 3, 1e-6) << "probabilities that are left must add up to 1 again";
  EXPECT_NEAR(chances[1].probability, 1.0 / 3, 1e-6);
}

TEST(MinP, ComesAfterTheTemperature) {
  // At temperature 2 probabilities become their roots: 0.64 and 0.04 → 0.8 and 0.2, a quarter.
  EXPECT_EQ(min_p_chances(logits_of({0.64f, 0.04f}), 2.0, 0.2).size(), 2u)
      << "the temperature evens the probabilities out before min-p looks at them";
  EXPECT_EQ(min_p_chances(logits_of({0.64f, 0.04f}), 1.0, 0.2).size(), 1u);
}

TEST(MinP, KeepsAllOrTheBest) {
  EXPECT_EQ(min_p_chances(logits_of({0.9f, 0.09f, 0.01f}), 1.0, 0.0).size(), 3u);
  EXPECT_EQ(min_p_chances(logits_of({0.9f, 0.09f, 0.01f}), 1.0, 1.0).size(), 1u);
}

TEST(MinP, IsSafeForLargeLogits) {
  const auto chances = min_p_chances(Tensor::from<float>({1000.0f, 999.0f}, {2}), 1.0, 0.1);
  ASSERT_EQ(chances.size(), 2u);
  EXPECT_NEAR(chances[0].probability, 1.0 / (1.0 + std::exp(-1.0)), 1e-6)
      << "e^1000 is infinite: take the largest out first";
}

}  // namespace
}  // namespace gpt
