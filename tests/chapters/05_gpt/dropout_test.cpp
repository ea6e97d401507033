#include <gtest/gtest.h>

#include "05_gpt/backend.hpp"

namespace gpt {
namespace {

TEST(Dropout, KeepsOrDropsAndScalesWhatItKeeps) {
  const Dropout dropout{.probability = 0.2f, .seed = 3, .step = 5, .site = 1};
  int64_t dropped = 0;
  const int64_t n = 100000;
  for (int64_t i = 0; i < n; ++i) {
    const float factor = dropout.factor(0, i);
    ASSERT_TRUE(factor == 0.0f || factor == 1.0f / (1.0f - 0.2f)) << factor;
    dropped += factor == 0.0f;
  }
  // Binomial: the deviation of the count is √(n·p·(1-p)) = 126; five of them.
  EXPECT_NEAR(static_cast<double>(dropped), 0.2 * n, 5 * 126);
}

TEST(Dropout, DrawsTheSameMaskWhereverTheSampleIsComputed) {
  const Dropout whole{.probability = 0.5f, .seed = 3, .step = 5, .site = 1, .first_sample = 8};
  const Dropout second_half{.probability = 0.5f, .seed = 3, .step = 5, .site = 1, .first_sample = 10};
  for (int64_t sample = 0; sample < 2; ++sample)
    for (int64_t i = 0; i < 1000; ++i) EXPECT_EQ(whole.factor(2 + sample, i), second_half.factor(sample, i));
}

TEST(Dropout, DrawsTheSameMaskForAPartOfTheSample) {
  const Dropout whole{.probability = 0.5f, .seed = 3, .step = 5, .site = 1};
  Dropout part = whole;
  part.first_element = 36;
  for (int64_t i = 0; i < 1000; ++i) EXPECT_EQ(whole.factor(1, 36 + i), part.factor(1, i));
  for (int64_t quad = 0; quad < 100; ++quad) EXPECT_EQ(whole.factors(1, 9 + quad), part.factors(1, quad));
}

TEST(Dropout, DrawsAnotherMaskForAnotherSeedStepSiteAndSample) {
  const Dropout base{.probability = 0.5f, .seed = 3, .step = 5, .site = 1, .first_sample = 8};
  std::vector<Dropout> others(4, base);
  ++others[0].seed, ++others[1].step, ++others[2].site, ++others[3].first_sample;
  for (const Dropout& other : others) {
    int64_t same = 0;
    for (int64_t i = 0; i < 10000; ++i) same += base.factor(0, i) == other.factor(0, i);
    EXPECT_NEAR(static_cast<double>(same), 5000, 5 * 50);
  }
}

}  // namespace
}  // namespace gpt
