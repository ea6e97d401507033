#include "exercises/06_simt/block_sum.hpp"

#include <gtest/gtest.h>

#include "06_simt/device_array.hpp"
#include "06_simt/machine.hpp"

namespace gpt {
namespace {

void expect_sums(int64_t n) {
  std::vector<float> x(static_cast<size_t>(n));
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 10);
  std::vector<float> expected((x.size() + 255) / 256);
  for (size_t i = 0; i < x.size(); ++i) expected[i / 256] += x[i];

  for (const simt::Order order : {simt::Order::forward, simt::Order::reverse, simt::Order::random}) {
    const simt::ScopedOptions options({.workers = 2, .order = order});
    const simt::DeviceArray<float> on_device(x);
    simt::DeviceArray<float> sums(expected.size());
    KERNEL_SPACE::block_sums(sums.data(), on_device.data(), n);
    const std::vector<float> found = sums.host();
    for (size_t b = 0; b < expected.size(); ++b)
      ASSERT_EQ(found[b], expected[b])
          << "block " << b << " of " << expected.size() << ", " << n << " numbers";
  }
}

TEST(BlockSum, OfOneBlock) {
  expect_sums(256);
}
TEST(BlockSum, OfManyBlocks) {
  expect_sums(10 * 256);
}
TEST(BlockSum, WhereTheLastBlockIsNotFull) {
  expect_sums(257);
  expect_sums(1000);
  expect_sums(1);
}

}  // namespace
}  // namespace gpt
