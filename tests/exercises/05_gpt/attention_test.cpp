#include "exercises/05_gpt/attention.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/exercises/printing.hpp"

namespace gpt {
namespace {

Tensor numbers(const Shape& shape, double seed) {
  const Tensor x = Tensor::arange(shape);
  for (float& value : x.span<float>()) value = static_cast<float>(std::sin(seed + 1.7 * value));
  return x;
}

TEST(CausalAttention, OfTheFirstPositionIsItsOwnValue) {
  const Tensor q = numbers({5, 4}, 1), k = numbers({5, 4}, 2), v = numbers({5, 4}, 3);
  const Tensor y = causal_attention(q, k, v);
  ASSERT_EQ(y.shape(), Shape({5, 4}));
  for (int64_t i = 0; i < 4; ++i)
    EXPECT_NEAR((y.at<float>({0, i})), (v.at<float>({0, i})), 1e-6)
        << "position 0 sees nothing but itself: its weight is 1";
}

TEST(CausalAttention, DoesNotSeeWhatComesLater) {
  const Tensor q = numbers({6, 4}, 1), k = numbers({6, 4}, 2), v = numbers({6, 4}, 3);
  const Tensor before = causal_attention(q, k, v).clone();
  k.select(0, 5).fill(9);
  v.select(0, 5).fill(9);
  const Tensor after = causal_attention(q, k, v);
  for (int64_t t = 0; t < 5; ++t)
    for (int64_t i = 0; i < 4; ++i)
      ASSERT_EQ((after.at<float>({t, i})), (before.at<float>({t, i})))
          << "position " << t << " has changed with position 5: does s end at t?";
}

TEST(CausalAttention, OfAWorkedExample) {
  // D = 1, q = 1 everywhere, k = 0 and ln 3: position 1 gives its two values the weights 1/4 and 3/4.
  const Tensor q = Tensor::full({2, 1}, 1.0), v = Tensor::from<float>({10, 20}, {2, 1});
  const Tensor k = Tensor::from<float>({0.0f, std::log(3.0f)}, {2, 1});
  EXPECT_NEAR((causal_attention(q, k, v).at<float>({1, 0})), 17.5, 1e-4);
}

TEST(CausalAttention, DividesTheScoresByTheRootOfD) {
  // D = 4: q · k = 4 ln 3 · … / 2. With q = k = 1 the score is 4 / 2 = 2 against 0.
  const Tensor q = Tensor::full({2, 4}, 1.0), k = Tensor::zeros({2, 4}), v = Tensor::zeros({2, 4});
  k.select(0, 1).fill(1.0);
  v.select(0, 1).fill(1.0);
  const double weight = std::exp(2.0) / (1.0 + std::exp(2.0));
  EXPECT_NEAR((causal_attention(q, k, v).at<float>({1, 0})), weight, 1e-5)
      << "0.982 is the weight without the division by √D";
}

TEST(CausalAttention, IsSafeForLargeScores) {
  const Tensor q = Tensor::full({2, 1}, 30.0), k = Tensor::from<float>({30, 29}, {2, 1}),
               v = Tensor::from<float>({1, 2}, {2, 1});
  EXPECT_NEAR((causal_attention(q, k, v).at<float>({1, 0})), 1.0, 1e-6)
      << "e^900 is infinite: take the largest score out first";
  q.fill(-30.0);
  EXPECT_NEAR((causal_attention(q, k, v).at<float>({1, 0})), 2.0, 1e-6)
      << "e^-900 is 0, for every score: the largest of them is below 0, where do you begin to look for it?";
}

}  // namespace
}  // namespace gpt
