#include "exercises/14_parameter_server/changed_blocks.hpp"

#include <gtest/gtest.h>

namespace gpt {
namespace {

using Blocks = std::vector<int>;

/// Seven elements in blocks of three: 0 … 2, 3 … 5 and 6.
struct Shard {
  std::vector<float> values = std::vector<float>(7);
  ChangedBlocks blocks{7, 3};
  void change(const std::vector<size_t>& elements) {
    std::vector<float> after = values;
    for (const size_t i : elements) after[i] += 1.0f;
    blocks.record(values, after);
    values = after;
  }
};

TEST(ChangedBlocks, WhoHasNothingGetsAll) {
  Shard shard;
  EXPECT_EQ(shard.blocks.since(-1), (Blocks{0, 1, 2}));
  EXPECT_EQ(shard.blocks.since(0), Blocks{}) << "nothing has changed since version 0";
}

TEST(ChangedBlocks, TheChangedOnesAreNamed) {
  Shard shard;
  shard.change({4});
  EXPECT_EQ(shard.blocks.version(), 1);
  EXPECT_EQ(shard.blocks.since(0), (Blocks{1}));
  EXPECT_EQ(shard.blocks.since(1), Blocks{}) << "version 1 has the change already";
}

TEST(ChangedBlocks, TheLastBlockMayBeShort) {
  Shard shard;
  shard.change({6});
  EXPECT_EQ(shard.blocks.since(0), (Blocks{2})) << "element 6 is a block of its own";
}

TEST(ChangedBlocks, EachWorkerHasItsOwnPast) {
  Shard shard;
  shard.change({0});
  shard.change({3});
  shard.change({1, 6});
  EXPECT_EQ(shard.blocks.since(2), (Blocks{0, 2}));
  EXPECT_EQ(shard.blocks.since(0), (Blocks{0, 1, 2}))
      << "another worker has asked, but this one has not had it";
  EXPECT_EQ(shard.blocks.since(1), (Blocks{0, 1, 2}));
}

TEST(ChangedBlocks, AnUpdateWithoutAChangeCounts) {
  Shard shard;
  shard.change({});
  EXPECT_EQ(shard.blocks.version(), 1) << "versions count updates, not changes";
  EXPECT_EQ(shard.blocks.since(0), Blocks{});
  shard.change({2});
  EXPECT_EQ(shard.blocks.since(1), (Blocks{0}));
}

}  // namespace
}  // namespace gpt
