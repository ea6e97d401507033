#include "exercises/14_parameter_server/ordered_mean.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace gpt {
namespace {

using Row = std::vector<float>;

TEST(OrderedMean, IsThereWhenAllHaveCome) {
  OrderedMean mean(3);
  EXPECT_FALSE(mean.push(0, {0.3f, 3}));
  EXPECT_FALSE(mean.push(2, {0.6f, 6})) << "worker 1 is still missing";
  const auto result = mean.push(1, {0.9f, 9});
  ASSERT_TRUE(result) << "all three have come";
  EXPECT_FLOAT_EQ((*result)[0], 0.6f) << "the sum is 1.8: was it divided?";
  EXPECT_FLOAT_EQ((*result)[1], 6.0f);
}

TEST(OrderedMean, HasTheSameBitsInWhateverOrderTheyCome) {
  // In f32, 16777216 + 1 is 16777216: the order of a sum decides its bits.
  const std::vector<Row> gradients{{1}, {16777216}, {1}, {-16777216}};
  std::vector<int> order(4);
  std::iota(order.begin(), order.end(), 0);
  do {
    OrderedMean mean(4);
    std::optional<Row> result;
    for (const int worker : order) result = mean.push(worker, gradients[static_cast<size_t>(worker)]);
    ASSERT_TRUE(result);
    ASSERT_EQ(*result, Row{0})
        << "in order of worker the sum is ((1 + 16777216) + 1) - 16777216 = 0; they came as " << order[0]
        << order[1] << order[2] << order[3];
  } while (std::ranges::next_permutation(order).found);
}

TEST(OrderedMean, BeginsTheNextStepWithNothing) {
  OrderedMean mean(2);
  mean.push(0, {1});
  ASSERT_TRUE(mean.push(1, {3}));
  EXPECT_FALSE(mean.push(0, {10})) << "worker 1's gradient was one of the step before";
  EXPECT_EQ(mean.push(1, {20}), Row{15});
}

TEST(OrderedMean, DoesNotWaitForTheDead) {
  OrderedMean mean(3);
  mean.push(0, {1});
  mean.push(2, {3});
  const auto result = mean.remove(1);
  ASSERT_TRUE(result) << "the dead worker was the only one that was waited for";
  EXPECT_EQ(*result, Row{2}) << "the mean of the two that came";
  mean.push(2, {4});
  EXPECT_EQ(mean.push(0, {6}), Row{5}) << "and later steps need two";
}

TEST(OrderedMean, CountsWhatTheDeadHavePushed) {
  OrderedMean mean(3);
  mean.push(1, {9});
  EXPECT_FALSE(mean.remove(1)) << "0 and 2 live and are missing";
  mean.push(0, {3});
  EXPECT_EQ(mean.push(2, {6}), Row{6}) << "3 + 9 + 6 are three gradients";
}

TEST(OrderedMean, IsNothingWhereNothingCame) {
  OrderedMean mean(2);
  EXPECT_FALSE(mean.remove(0));
  EXPECT_FALSE(mean.remove(1)) << "nobody lives, and nothing came";
}

}  // namespace
}  // namespace gpt
