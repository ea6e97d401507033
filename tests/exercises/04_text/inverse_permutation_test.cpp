#include "exercises/04_text/inverse_permutation.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "01_tensors/philox.hpp"

namespace gpt {
namespace {

const Mix mix = [](uint64_t half, int round) {
  return RandomStream(7, RandomUse::data_order, 3).bits(4 * (static_cast<uint64_t>(round) << 32 | half));
};

TEST(Unfeistel, TakesEveryNumberBack) {
  for (uint64_t x = 0; x < 256; ++x) {
    ASSERT_LT(unfeistel(x, 4, mix), 256u) << "a number of 8 bits became a larger one: is the mixture masked?";
    ASSERT_EQ(unfeistel(feistel(x, 4, mix), 4, mix), x)
        << "the last round must be taken back first, with its own number";
    ASSERT_EQ(feistel(unfeistel(x, 4, mix), 4, mix), x);
  }
  for (const uint64_t x : {0x123456789aull, 0xfffffffffeull})
    ASSERT_EQ(unfeistel(feistel(x, 20, mix), 20, mix), x);
}

TEST(WalkBack, FindsWhereTheWalkBegan) {
  const uint64_t n = 77;  // of 256 numbers: most results are sent through again
  std::vector<bool> seen(n);
  for (uint64_t i = 0; i < n; ++i) {
    uint64_t y = i;
    do y = feistel(y, 4, mix);
    while (y >= n);
    ASSERT_FALSE(seen[y]);
    seen[y] = true;
    ASSERT_EQ(walk_back(y, n, 4, mix), i)
        << "from " << y << ": the walk back ends at the first number below n, not before and "
        << "not after one step";
  }
}

}  // namespace
}  // namespace gpt
