#include "exercises/11_ddp/whole_buckets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gpt {
namespace {

using testing::ElementsAre;

TEST(WholeBuckets, FillUpToTheLimit) {
  EXPECT_THAT(whole_buckets({4, 4, 4, 4}, 8), ElementsAre(0, 2)) << "8 bytes fit into 8";
  EXPECT_THAT(whole_buckets({4, 4, 4, 4}, 7), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(whole_buckets({3, 3, 3, 3}, 100), ElementsAre(0));
}

TEST(WholeBuckets, GiveALargeParameterABucketOfItsOwn) {
  EXPECT_THAT(whole_buckets({2, 50, 2, 2}, 10), ElementsAre(0, 1, 2))
      << "50 does not fit beside the 2 before it, and nothing fits beside it afterwards";
  EXPECT_THAT(whole_buckets({50}, 10), ElementsAre(0))
      << "the first bucket begins with parameter 0, however large: an empty one "
         "would be an all-reduce of nothing";
}

TEST(WholeBuckets, OfNoParameters) {
  EXPECT_TRUE(whole_buckets({}, 10).empty());
}

TEST(WholeBuckets, KeepTheOrder) {
  // The small ones would fit together; but bucket 0 could then start only when the last parameter is ready.
  EXPECT_THAT(whole_buckets({1, 9, 1, 9}, 10), ElementsAre(0, 2));
  EXPECT_THAT(whole_buckets({1, 10, 1}, 10), ElementsAre(0, 1, 2))
      << "the two small ones do not stand side by side";
}

}  // namespace
}  // namespace gpt
