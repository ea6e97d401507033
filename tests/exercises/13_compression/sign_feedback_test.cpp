#include "exercises/13_compression/sign_feedback.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace gpt {
namespace {

TEST(SignCompressor, SendsSignsAndAMean) {
  SignCompressor compressor(3);
  std::vector<float> v{3, -1, 2};
  compressor.compress(v);
  EXPECT_EQ(v, (std::vector<float>{2, -2, 2})) << "the mean of 3, 1 and 2 is 2";
  EXPECT_EQ(compressor.residual(), (std::vector<float>{1, 1, 0}))
      << "what was not sent: 3 - 2, -1 + 2, 2 - 2";
}

TEST(SignCompressor, SendsTheRestLater) {
  SignCompressor compressor(2);
  std::vector<float> v{4, 0};
  compressor.compress(v);
  v = {0, 0};
  compressor.compress(v);
  EXPECT_EQ(v, (std::vector<float>{2, -2})) << "nothing new came, but 2 and -2 were still to be sent";
}

TEST(SignCompressor, LosesNothing) {
  SignCompressor compressor(4);
  std::vector<double> given(4), sent(4);
  for (int step = 0; step < 200; ++step) {
    std::vector<float> v(4);
    for (size_t i = 0; i < 4; ++i)
      given[i] += v[i] = static_cast<float>(std::sin(step * (1.0 + static_cast<double>(i))) + 0.1);
    compressor.compress(v);
    for (size_t i = 0; i < 4; ++i) sent[i] += v[i];
  }
  for (size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(sent[i] + compressor.residual()[i], given[i], 1e-3)
        << "all that was sent, and what is still to be sent, is all "
           "that was given";
}

TEST(SignCompressor, ConvergesWhereSignsAloneDoNot) {
  // f(x, y) = |x + y| + 2 |x - y|: at x > y > 0 the gradient is (3, -1), and signs alone go along (1, -1) for
  // ever.
  SignCompressor compressor(2);
  double x = 3, y = 2;
  for (int step = 1; step <= 4000; ++step) {
    const double a = x + y > 0 ? 1 : -1, b = x > y ? 2 : -2, rate = 0.5 / std::sqrt(step);
    std::vector<float> g{static_cast<float>(a + b), static_cast<float>(a - b)};
    compressor.compress(g);
    x -= rate * g[0];
    y -= rate * g[1];
  }
  EXPECT_LT(std::abs(x + y) + 2 * std::abs(x - y), 0.3)
      << "it stands at " << x << ", " << y << ": is the residual added to what is "
      << "compressed next?";
}

}  // namespace
}  // namespace gpt
