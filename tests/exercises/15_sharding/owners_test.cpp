#include "exercises/15_sharding/owners.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace gpt {
namespace {

constexpr int64_t sizes[] = {8, 10, 11, 1, 3, 1000003};

TEST(Owners, EightElementsOnFourRanks) {
  for (int rank = 0; rank < 4; ++rank) {
    EXPECT_EQ(share_of_rank(8, rank, 4).from, 2 * rank);
    EXPECT_EQ(share_of_rank(8, rank, 4).to, 2 * rank + 2);
  }
}

TEST(Owners, SharesCoverEverythingOnce) {
  for (const int64_t elements : sizes)
    for (const int ranks : {1, 2, 3, 4, 7}) {
      int64_t next = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        const Share share = share_of_rank(elements, rank, ranks);
        ASSERT_EQ(share.from, next) << "shares follow each other: rank " << rank << " of " << ranks << ", "
                                    << elements << " elements";
        next = share.to;
      }
      ASSERT_EQ(next, elements) << "the last elements belong to nobody, or to somebody twice: " << ranks
                                << " ranks";
    }
}

TEST(Owners, SharesDifferByAtMostOneElement) {
  for (const int64_t elements : sizes)
    for (const int ranks : {2, 3, 4, 7}) {
      int64_t least = elements, most = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        const Share share = share_of_rank(elements, rank, ranks);
        least = std::min(least, share.to - share.from);
        most = std::max(most, share.to - share.from);
      }
      ASSERT_LE(most - least, 1) << elements << " elements on " << ranks << " ranks: shares of " << least
                                 << " to " << most << "; one rank would work while the others wait";
    }
}

TEST(Owners, AreWhoseShareItIs) {
  for (const int64_t elements : {8, 10, 11, 1000})
    for (const int ranks : {1, 2, 3, 4, 7})
      for (int rank = 0; rank < ranks; ++rank) {
        const Share share = share_of_rank(elements, rank, ranks);
        for (int64_t i = share.from; i < share.to; ++i)
          ASSERT_EQ(owner_of(i, elements, ranks), rank) << "element " << i << " of " << elements << " on "
                                                        << ranks << " ranks; shares are not all equally long";
      }
}

TEST(Owners, NeedNoLoopOverTheRanks) {
  const int ranks = 2147483647;
  const int64_t elements = int64_t{ranks} + 1;  // the last rank has two
  for (const int64_t before_the_end : {0, 1, 2})
    EXPECT_EQ(owner_of(elements - 1 - before_the_end, elements, ranks),
              ranks - 1 - std::max<int64_t>(before_the_end - 1, 0));
}

TEST(Owners, AlsoWhereThereAreMoreRanksThanElements) {
  for (int64_t i = 0; i < 3; ++i) {
    const int owner = owner_of(i, 3, 8);
    ASSERT_TRUE(owner >= 0 && owner < 8) << "element " << i << " of 3 on 8 ranks belongs to rank " << owner;
    EXPECT_EQ(share_of_rank(3, owner, 8).from, i) << "element " << i << " of 3 on 8 ranks";
  }
}

}  // namespace
}  // namespace gpt
