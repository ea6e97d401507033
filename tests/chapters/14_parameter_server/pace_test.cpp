#include "14_parameter_server/pace.hpp"

#include <gtest/gtest.h>

#include "01_tensors/philox.hpp"
#include "common/check.hpp"

namespace gpt {
namespace {

TEST(Pace, IsReadAndWritten) {
  for (const char* text : {"sync", "async", "stale:0", "stale:12"})
    EXPECT_EQ(to_string(parse_pace(text)), text);
  for (const char* text :
       {"", "stale", "stale:", "stale:-1", "stale:2x", "stale:99999999999999999999", "Sync"})
    EXPECT_THROW(parse_pace(text), UserError) << text;
}

TEST(ClockTable, TheSlowestHoldsTheOthersOnlyAsFarAsThePaceSays) {
  ClockTable sync({Mode::synchronous, 0}, 2), stale({Mode::stale, 2}, 2), async({Mode::asynchronous, 0}, 2);
  for (int finished = 0; finished <= 4; ++finished) {
    EXPECT_EQ(sync.may_begin(1), finished == 0);
    EXPECT_EQ(stale.may_begin(1), finished <= 2);
    EXPECT_TRUE(async.may_begin(1));
    EXPECT_TRUE(sync.may_begin(0) && stale.may_begin(0)) << "the slowest waits for nobody";
    for (ClockTable* table : {&sync, &stale, &async}) table->tick(1);
  }
}

TEST(ClockTable, TheDeadHoldNobody) {
  ClockTable table({Mode::stale, 1}, 3);
  for (int i = 0; i < 2; ++i) table.tick(1), table.tick(2);
  EXPECT_FALSE(table.may_begin(1));
  table.remove(0);
  EXPECT_EQ(table.slowest(), 2);
  EXPECT_TRUE(table.may_begin(1));
  table.remove(1);
  table.remove(2);
  EXPECT_EQ(table.living(), 0);
}

/// Whatever the order in which workers try, nobody begins a step more than `bound` ahead, and somebody always
/// may.
TEST(ClockTable, TheBoundHoldsOverRandomSchedules) {
  for (const int64_t bound : {0, 1, 3}) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      const RandomStream random(seed, RandomUse::example);
      ClockTable table({Mode::stale, bound}, 4);
      for (uint64_t i = 0; i < 400; ++i) {
        const int worker = static_cast<int>(random.below(2 * i, 4));
        if (random.below(2 * i + 1, 100) == 0 && table.living() > 1) table.remove(worker);
        if (!table.lives(worker)) continue;
        if (table.may_begin(worker)) table.tick(worker);
        int able = 0;
        for (int w = 0; w < 4; ++w) {
          if (!table.lives(w)) continue;
          able += table.may_begin(w);
          // It finished a step that it began at most `bound` ahead of a slowest that only grows.
          ASSERT_LE(table.clock(w), table.slowest() + bound + 1);
        }
        ASSERT_GE(able, 1);
      }
    }
  }
}

}  // namespace
}  // namespace gpt
