#include "exercises/15_sharding/split_loss.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace gpt {
namespace {

/// What two ranks get for three logits each.
struct Result {
  double loss[2];
  std::vector<double> gradient = std::vector<double>(6);
};

Result on_two_ranks(std::vector<double> logits, int64_t target) {
  Result result;
  run_threads(2, [&](Communicator& group) {
    const auto first = static_cast<size_t>(3 * group.rank());
    const std::span<double> own = std::span(logits).subspan(first, 3);
    result.loss[group.rank()] = split_cross_entropy(group, own, static_cast<int64_t>(first), target);
    std::copy(own.begin(), own.end(), result.gradient.begin() + static_cast<int64_t>(first));
  });
  return result;
}

TEST(SplitCrossEntropy, OfEqualLogits) {
  for (const int64_t target : {0, 2, 3, 5}) {
    const Result result = on_two_ranks(std::vector<double>(6, 0.5), target);
    EXPECT_NEAR(result.loss[0], std::log(6.0), 1e-12) << "six equally likely tokens";
    EXPECT_NEAR(result.loss[1], std::log(6.0), 1e-12) << "six equally likely tokens, on rank 1, too";
    for (size_t i = 0; i < 6; ++i)
      EXPECT_NEAR(result.gradient[i], 1.0 / 6 - (static_cast<int64_t>(i) == target), 1e-12)
          << "at token " << i << ", target " << target
          << ". The exponentials are divided by the sum over all ranks; the target's 1 is taken off on the "
             "rank that has the target, and only there";
  }
}

TEST(SplitCrossEntropy, OfDifferentLogits) {
  const std::vector<double> logits{1, 2, 3, 4, 5, 6};
  double sum = 0;
  for (const double z : logits) sum += std::exp(z);
  const Result result = on_two_ranks(logits, 1);
  EXPECT_NEAR(result.loss[0], std::log(sum) - 2, 1e-12)
      << "sums of exp(z - m) can be added only when all ranks took off the same m";
  EXPECT_EQ(result.loss[0], result.loss[1]) << "all ranks get the same loss";
  for (size_t i = 0; i < 6; ++i)
    EXPECT_NEAR(result.gradient[i], std::exp(logits[i]) / sum - (i == 1), 1e-12) << "at token " << i;
}

TEST(SplitCrossEntropy, OfLargeLogits) {
  const Result result = on_two_ranks({0, -1000, 5, 1000, 1000, -3}, 4);
  EXPECT_NEAR(result.loss[0], std::log(2.0), 1e-12)
      << "exp(1000) is infinite: is the largest logit of all ranks taken off first?";
  EXPECT_NEAR(result.gradient[3], 0.5, 1e-12);
  EXPECT_NEAR(result.gradient[4], -0.5, 1e-12);
  EXPECT_NEAR(result.gradient[0], 0.0, 1e-12) << "and rank 0, all of whose logits are far below, has zeros";
  EXPECT_NEAR(on_two_ranks({-1000, -1000, -1000, -1000, -1000, -1000}, 4).loss[1], std::log(6.0), 1e-12)
      << "exp(-1000) is 0: the largest of these is -1000, and not 0";
}

}  // namespace
}  // namespace gpt
