// What every codec promises: its size, nothing lost where an error is kept, and how far it may be off.

#include "13_compression/codec.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <memory>

#include "rows.hpp"

namespace gpt {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

struct Case {
  std::unique_ptr<Codec> (*make)();
  double bits;    // a number
  double factor;  // ‖v - decoded‖ ≤ factor · ‖v‖ for every v
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {make_bf16_codec, 16, 1.0 / 256},  // half a step of 2⁻⁷ of the number itself
      {make_fp16_codec, 16, 1.0 / 2048},
      // Less than a step of max/127 for each of 256 numbers, of which one is the largest.
      {make_int8_codec, 8 + 32.0 / 256, 16.0 / 127},
      // ‖v‖² - ‖v‖₁²/n < ‖v‖²: Karimireddy and others (2019), lemma 8.
      {make_sign_codec, 1 + 32.0 / 1024, 1.0}};
  return all;
}

Floats decoded(const Codec& codec, const Floats& x, uint64_t step = 0, Floats* error = nullptr) {
  std::vector<std::byte> code(static_cast<size_t>(codec.bytes(static_cast<int64_t>(x.size()))));
  codec.encode(code, x, error ? std::span<float>(*error) : std::span<float>{}, rounding_key(1, step, 0));
  Floats back(x.size());
  codec.decode(back, code, false);
  return back;
}

TEST(Codecs, TheSizeIsThatOfTheFormat) {
  for (const Case& c : cases()) {
    const auto codec = c.make();
    EXPECT_EQ(codec->bytes(0), 0) << codec->name();
    EXPECT_EQ(static_cast<double>(codec->bytes(1 << 20)), c.bits / 8 * (1 << 20)) << codec->name();
    for (int64_t n = 1; n < 3000; ++n) {
      EXPECT_EQ(codec->bytes(n) % 4, 0);
      EXPECT_GE(static_cast<double>(codec->bytes(n)), c.bits / 8 * static_cast<double>(n) * 0.999);
      EXPECT_LE(static_cast<double>(codec->bytes(n)), c.bits / 8 * static_cast<double>(n) + 12);
    }
  }
}

TEST(Codecs, WhatWasDecodedAndWhatIsLeftAreWhatCameIn) {
  for (const Case& c : cases())
    for (const int64_t n : {1, 2, 3, 31, 257, 1025, 9001}) {
      const auto codec = c.make();
      const Floats x = numbers(n, 1), before = numbers(n, 2);
      Floats error = before;
      const Floats sent = decoded(*codec, x, 0, &error);
      for (size_t i = 0; i < x.size(); ++i) {
        const double v = double{x[i] + before[i]};
        ASSERT_NEAR(double{sent[i]} + double{error[i]}, v,
                    1e-6 * std::max(std::abs(v), double{std::abs(sent[i])}))
            << codec->name() << " " << i;
      }
    }
}

TEST(Codecs, TheErrorIsASmallerVector) {
  for (const Case& c : cases())
    for (uint64_t seed = 0; seed < 20; ++seed) {
      const auto codec = c.make();
      const Floats x = numbers(5000, seed);
      Floats lost(x.size());
      decoded(*codec, x, seed, &lost);
      EXPECT_LT(norm(lost), c.factor * norm(x)) << codec->name();
    }
}

TEST(Codecs, Int8IsRightOnAverage) {
  const auto codec = make_int8_codec();
  const Floats x = numbers(1000, 3);
  constexpr int times = 1000;
  std::vector<double> sum(x.size());
  for (uint64_t step = 0; step < times; ++step) {
    const Floats back = decoded(*codec, x, step);
    for (size_t i = 0; i < x.size(); ++i) sum[i] += double{back[i]} - x[i];
  }
  // Each number within 4 standard errors of its mean, which 1 in 16,000 may miss by chance; and so for the
  // sum of all distances.
  double all = 0;
  int judged = 0, outside = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    float largest = 0;
    for (size_t j = i / 256 * 256; j < std::min(i / 256 * 256 + 256, x.size()); ++j)
      largest = std::max(largest, std::abs(x[j]));
    const double scale = largest / 127, up = x[i] / scale - std::floor(x[i] / scale);
    const double variance = times * up * (1 - up);  // of how often it was rounded up
    if (variance < 10) continue;                    // too rare an event to be judged by its deviation
    const double distance = sum[i] / scale / std::sqrt(variance);
    all += distance;
    ++judged;
    outside += std::abs(distance) > 4;
  }
  EXPECT_GT(judged, 900);
  EXPECT_LE(outside, 1);
  EXPECT_LT(std::abs(all) / std::sqrt(judged), 4.0);
}

TEST(Codecs, ZerosStayZeros) {
  for (const Case& c : cases()) {
    const Floats back = decoded(*c.make(), Floats(1500));
    for (const float v : back) ASSERT_EQ(v, 0.0f);
  }
}

TEST(Codecs, WhatIsNotFiniteIsSeenAfterwards) {
  for (const Case& c : cases())
    for (const float bad : {infinity, -infinity, std::numeric_limits<float>::quiet_NaN()}) {
      Floats x = numbers(3000, 1);
      x[2000] = bad;
      const Floats back = decoded(*c.make(), x);
      EXPECT_FALSE(std::isfinite(back[2000])) << c.make()->name();
      EXPECT_TRUE(std::isfinite(back[0]));
    }
}

}  // namespace
}  // namespace gpt
