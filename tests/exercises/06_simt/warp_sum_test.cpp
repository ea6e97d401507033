#include "exercises/06_simt/warp_sum.hpp"

#include <gtest/gtest.h>

#include "06_simt/device_array.hpp"
#include "06_simt/machine.hpp"

namespace gpt {
namespace {

void expect_sums(int64_t rows, int64_t columns) {
  std::vector<float> x(static_cast<size_t>(rows * columns));
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 7);
  for (const simt::Order order : {simt::Order::forward, simt::Order::reverse, simt::Order::random}) {
    const simt::ScopedOptions options({.workers = 2, .order = order});
    const simt::DeviceArray<float> on_device(x);
    simt::DeviceArray<float> sums(static_cast<size_t>(rows));
    KERNEL_SPACE::row_sums(sums.data(), on_device.data(), rows, columns);
    const std::vector<float> found = sums.host();
    for (int64_t r = 0; r < rows; ++r) {
      float expected = 0;
      for (int64_t j = 0; j < columns; ++j) expected += x[static_cast<size_t>(r * columns + j)];
      ASSERT_EQ(found[static_cast<size_t>(r)], expected)
          << "row " << r << " of (" << rows << ", " << columns
          << "). With 32 lanes there are five shuffles: 16, 8, 4, 2, 1";
    }
  }
}

TEST(RowSums, OfOneWarpsWidth) {
  expect_sums(4, 32);
}
TEST(RowSums, OfLongAndOfShortRows) {
  expect_sums(3, 1000);
  expect_sums(5, 7);
  expect_sums(2, 1);
}
TEST(RowSums, OfMoreRowsThanFillWholeBlocks) {
  expect_sums(13, 40);
}

}  // namespace
}  // namespace gpt
