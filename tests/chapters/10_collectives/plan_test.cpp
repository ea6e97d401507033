// Plans as text.

#include "10_collectives/plan.hpp"

#include <gtest/gtest.h>

#include "common/check.hpp"

namespace gpt {
namespace {

const AllReducePlan plan{{{64 << 10, AllReduceAlgorithm::recursive_doubling},
                          {3 << 20, AllReduceAlgorithm::halving_doubling},
                          {AllReducePlan::unlimited, AllReduceAlgorithm::ring}}};

TEST(AllReducePlan, IsWrittenAsTextAndReadBack) {
  EXPECT_EQ(to_string(plan), "64KiB:recursive-doubling,3MiB:halving-doubling,*:ring");
  EXPECT_EQ(parse_plan(to_string(plan)), plan);
  EXPECT_EQ(parse_plan("1000B:tree,*:library").at(1000), AllReduceAlgorithm::tree);
  for (const AllReduceAlgorithm algorithm : all_reduce_algorithms)
    EXPECT_EQ(parse_plan(to_string(AllReducePlan::only(algorithm))), AllReducePlan::only(algorithm));
}

TEST(AllReducePlan, ChoosesByBytesWithTheBoundIncluded) {
  EXPECT_EQ(plan.at(0), AllReduceAlgorithm::recursive_doubling);
  EXPECT_EQ(plan.at(64 << 10), AllReduceAlgorithm::recursive_doubling);
  EXPECT_EQ(plan.at((64 << 10) + 1), AllReduceAlgorithm::halving_doubling);
  EXPECT_EQ(plan.at(int64_t{1} << 40), AllReduceAlgorithm::ring);
  EXPECT_TRUE(plan.uses(AllReduceAlgorithm::ring));
  EXPECT_FALSE(plan.uses(AllReduceAlgorithm::tree));
}

TEST(AllReducePlan, RefusesWhatIsNoPlan) {
  for (const char* text :
       {"", "ring", "*", ":ring", "*:", "*:ringg", "64KiB:ring", "64kb:tree,*:ring", "0B:tree,*:ring",
        "-1B:tree,*:ring", "64KiB:tree,1KiB:tree,*:ring", "*:ring,*:ring", "64KiB:tree,,*:ring",
        "99999999999GiB:tree,*:ring", "99999999999999999999B:tree,*:ring"})
    EXPECT_THROW(parse_plan(text), UserError) << text;
}

TEST(AllReducePlan, WithoutMeasuringGoesByHosts) {
  EXPECT_EQ(default_plan(std::vector{0, 0, 0}), AllReducePlan::only(AllReduceAlgorithm::shared_memory));
  EXPECT_FALSE(default_plan(std::vector{0, 0, 2}).uses(AllReduceAlgorithm::shared_memory));
}

}  // namespace
}  // namespace gpt
