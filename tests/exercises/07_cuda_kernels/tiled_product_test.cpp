#include "exercises/07_cuda_kernels/tiled_product.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "06_simt/checker.hpp"
#include "06_simt/device_array.hpp"
#include "tests/exercises/07_cuda_kernels/every_order.hpp"

namespace gpt {
namespace {

void expect_product(int m, int n, int k) {
  const auto fill = [](int count, float step) {
    std::vector<float> x(static_cast<size_t>(count));
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = std::round(4 * std::sin(static_cast<float>(i) * step));  // sums are exact
    return x;
  };
  const std::vector<float> a = fill(m * k, 0.7f), b = fill(k * n, 1.1f);
  in_every_order([&] {
    const simt::DeviceArray<float> a_device(a), b_device(b);
    simt::DeviceArray<float> c(static_cast<size_t>(m * n));
    KERNEL_SPACE::tiled_product(c.data(), a_device.data(), b_device.data(), m, n, k);
    const std::vector<float> found = c.host();
    for (int i = 0; i < m; ++i)
      for (int j = 0; j < n; ++j) {
        float sum = 0;
        for (int l = 0; l < k; ++l)
          sum += a[static_cast<size_t>(i * k + l)] * b[static_cast<size_t>(l * n + j)];
        ASSERT_EQ(found[static_cast<size_t>(i * n + j)], sum)
            << "element (" << i << ", " << j << ") of a (" << m << ", " << k << ") by (" << k << ", " << n
            << ") product. Where k is no multiple of 16, the last tiles must be filled up with zeros";
      }
  });
}

TEST(TiledProduct, OfWholeTiles) {
  expect_product(16, 16, 16);
  expect_product(32, 16, 48);
}
TEST(TiledProduct, OfAnySize) {
  expect_product(17, 5, 33);
  expect_product(3, 40, 7);
  expect_product(1, 1, 1);
}

#ifdef SIMT_CHECKED
TEST(TiledProduct, ReadsEachNumberOnceATile) {
  const int n = 64;
  const simt::DeviceArray<float> a(std::vector<float>(n * n)), b(std::vector<float>(n * n));
  simt::DeviceArray<float> c(n * n);
  const simt::AccessProfile profile;
  KERNEL_SPACE::tiled_product(c.data(), a.data(), b.data(), n, n, n);
  uint64_t loads = 0;
  for (const simt::AccessSite& site : profile.sites())
    if (site.space == simt::AccessSite::Space::global && !site.write) loads += site.lanes;
  EXPECT_EQ(loads, 2u * n * n * n / 16)
      << "each of 16 tiles in a row of tiles reads its part of a and b once: 16 times fewer loads "
         "than without tiles";
}
#endif

}  // namespace
}  // namespace gpt
