#include "exercises/11_ddp/straggler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gpt {
namespace {

// Three ranks, two steps. In step 0 rank 1 is late by 3 and 2 seconds; in step 1 rank 2 by 1 and 4. In step 0
// rank 0 gets its sums last, because its link is slow: that makes it no straggler.
const std::vector<std::vector<StepTimes>> times{
    {{10, 15}, {20, 22}},
    {{13, 14}, {17, 22}},
    {{11, 14}, {21, 22}},
};

TEST(Stragglers, AreThoseWhoseGradientsComeLast) {
  EXPECT_THAT(stragglers(times), testing::ElementsAre(1, 2))
      << "by when the gradients were ready; who has the sums last may only have a slow link";
}

TEST(Stragglers, OfEqualOnesTheLowest) {
  EXPECT_THAT(stragglers({{{5, 6}}, {{5, 6}}}), testing::ElementsAre(0));
}

TEST(Stragglers, CostThis) {
  EXPECT_DOUBLE_EQ(waited_for_stragglers(times), 3 + 2 + 1 + 4)
      << "each rank from its own last gradient to the straggler's: the "
         "time of the sums themselves is no waiting";
  EXPECT_DOUBLE_EQ(waited_for_stragglers({{{5, 9}}, {{5, 9}}}), 0)
      << "all ready at once: 4 seconds of communication, none of waiting";
}

TEST(Stragglers, OfNobody) {
  EXPECT_TRUE(stragglers({}).empty());
  EXPECT_EQ(waited_for_stragglers({}), 0);
}

}  // namespace
}  // namespace gpt
