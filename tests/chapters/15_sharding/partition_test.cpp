// Every element has one owner, and all owners have about the same.

#include "15_sharding/partition.hpp"

#include <gtest/gtest.h>

#include "05_gpt/gpt.hpp"

namespace gpt {
namespace {

TEST(Partition, EightElementsOnFourRanks) {
  const Partition partition({8}, 4, 1);
  for (int64_t i = 0; i < 8; ++i) EXPECT_EQ(partition.owner(i), i / 2);
  EXPECT_EQ(partition.part(0, 3), (Part{6, 8}));
}

TEST(Partition, EveryElementHasOneOwner) {
  for (const int ranks : {1, 2, 3, 4, 7})
    for (const int64_t alignment : {1, 16, 100}) {
      const Partition partition({5, 5, 300, 1000, 1003}, ranks, alignment);
      int64_t next = 0, owned = 0;
      for (size_t u = 0; u < partition.units(); ++u)
        for (int rank = 0; rank < ranks; ++rank) {
          const Part part = partition.part(u, rank);
          EXPECT_EQ(part.from, next);
          EXPECT_GE(part.to, part.from);
          for (int64_t i = part.from; i < part.to; ++i) {
            EXPECT_EQ(partition.owner(i), rank);
            EXPECT_EQ(partition.unit_of(i), u);
          }
          next = part.to;
        }
      EXPECT_EQ(next, partition.size());
      for (int rank = 0; rank < ranks; ++rank) owned += partition.owned(rank);
      EXPECT_EQ(owned, partition.size());
    }
}

TEST(Partition, PartsAreAligned) {
  const Partition partition({5000, 123456}, 3);
  for (size_t u = 0; u < partition.units(); ++u)
    for (int rank = 1; rank < 3; ++rank) EXPECT_EQ(partition.part(u, rank).from % Partition::page, 0);
  const double share = 123456.0 / 3;
  for (int rank = 0; rank < 3; ++rank)
    EXPECT_NEAR(static_cast<double>(partition.owned(rank)), share, 2 * Partition::page);
}

TEST(Partition, UnitsOfAGptAreItsLayers) {
  const auto backend = make_cpu_backend();
  const Gpt model({.layers = 3, .width = 64, .context = 32, .vocabulary = 65}, *backend, 1);
  const ParameterStore& store = model.parameters();
  const Partition partition(layer_ends(store), 4);
  ASSERT_EQ(partition.units(), 4u);
  EXPECT_EQ(partition.size(), store.size());
  const auto unit_of = [&](const char* name) { return partition.unit_of(store.parameter(name).offset); };
  EXPECT_EQ(unit_of("ln_f.weight"), 0u);
  EXPECT_EQ(unit_of("h.2.mlp.c_proj.bias"), 0u);
  EXPECT_EQ(unit_of("h.2.ln_1.weight"), 0u);
  EXPECT_EQ(unit_of("h.1.mlp.c_fc.weight"), 1u);
  EXPECT_EQ(unit_of("h.0.ln_1.weight"), 2u);
  EXPECT_EQ(unit_of("wpe.weight"), 3u);
  EXPECT_EQ(unit_of("wte.weight"), 3u);
}

}  // namespace
}  // namespace gpt
