#include "exercises/07_cuda_kernels/online_softmax.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "06_simt/checker.hpp"
#include "06_simt/device_array.hpp"
#include "tests/exercises/07_cuda_kernels/every_order.hpp"

namespace gpt {
namespace {

void expect_softmax(int64_t rows, int64_t columns, float scale) {
  std::vector<float> x(static_cast<size_t>(rows * columns));
  for (size_t i = 0; i < x.size(); ++i) x[i] = scale * std::sin(static_cast<float>(i) * 1.3f);
  in_every_order([&] {
    const simt::DeviceArray<float> on_device(x);
    simt::DeviceArray<float> y(x.size());
    KERNEL_SPACE::online_softmax(y.data(), on_device.data(), rows, columns);
    const std::vector<float> found = y.host();
    for (int64_t r = 0; r < rows; ++r) {
      const float* row = x.data() + r * columns;
      double largest = row[0], sum = 0;
      for (int64_t j = 0; j < columns; ++j) largest = std::max<double>(largest, row[j]);
      for (int64_t j = 0; j < columns; ++j) sum += std::exp(row[j] - largest);
      for (int64_t j = 0; j < columns; ++j)
        ASSERT_NEAR(found[static_cast<size_t>(r * columns + j)], std::exp(row[j] - largest) / sum, 1e-6)
            << "row " << r << ", column " << j << " of (" << rows << ", " << columns
            << "). When a larger number comes, the sum so "
            << "far must shrink with it; and when two lanes are joined, both sums must. Not a number: a lane "
               "that has seen nothing";
    }
  });
}

TEST(OnlineSoftmax, OfRowsOfAllLengths) {
  expect_softmax(3, 32, 1);
  expect_softmax(5, 100, 3);
  expect_softmax(2, 7, 1);
  expect_softmax(2, 1, 1);
}
TEST(OnlineSoftmax, OfLargeNumbers) {
  expect_softmax(2, 64, 500);
}

#ifdef SIMT_CHECKED
TEST(OnlineSoftmax, ReadsEachRowTwice) {
  const simt::DeviceArray<float> x(std::vector<float>(4 * 256));
  simt::DeviceArray<float> y(4 * 256);
  const simt::AccessProfile profile;
  KERNEL_SPACE::online_softmax(y.data(), x.data(), 4, 256);
  uint64_t loads = 0;
  for (const simt::AccessSite& site : profile.sites())
    if (site.space == simt::AccessSite::Space::global && !site.write) loads += site.lanes * site.bytes;
  EXPECT_LE(loads, 2u * 4 * 256 * sizeof(float))
      << "three passes read each number three times: find maximum and sum in one";
}
#endif

}  // namespace
}  // namespace gpt
