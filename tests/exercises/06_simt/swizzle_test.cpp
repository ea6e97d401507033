#include "exercises/06_simt/swizzle.hpp"

#include <gtest/gtest.h>

#include "06_simt/checker.hpp"
#include "06_simt/device_array.hpp"
#include "06_simt/machine.hpp"

namespace gpt {
namespace {

TEST(SwizzledTranspose, IsATranspose) {
  for (const int n : {32, 96}) {
    std::vector<float> x(static_cast<size_t>(n) * static_cast<size_t>(n));
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
    for (const simt::Order order : {simt::Order::forward, simt::Order::random}) {
      const simt::ScopedOptions options({.workers = 2, .order = order});
      const simt::DeviceArray<float> on_device(x);
      simt::DeviceArray<float> y(x.size());
      KERNEL_SPACE::swizzled_transpose(y.data(), on_device.data(), n);
      const std::vector<float> found = y.host();
      for (size_t i = 0; i < x.size(); ++i) {
        const size_t m = static_cast<size_t>(n), transposed = i % m * m + i / m;
        ASSERT_EQ(found[transposed], x[i])
            << "element (" << i / m << ", " << i % m << ") of " << n << " x " << n;
      }
    }
  }
}

#ifdef SIMT_CHECKED
TEST(SwizzledTranspose, MovesWholeSectorsWithoutConflicts) {
  const simt::DeviceArray<float> x(std::vector<float>(64 * 64));
  simt::DeviceArray<float> y(64 * 64);
  const simt::AccessProfile profile;
  KERNEL_SPACE::swizzled_transpose(y.data(), x.data(), 64);
  for (const simt::AccessSite& site : profile.sites()) {
    if (site.space == simt::AccessSite::Space::shared)
      EXPECT_EQ(site.cost, site.ideal)
          << "bank conflicts at " << site.where << ": in which bank lies the number below?";
    else
      EXPECT_EQ(site.cost, site.ideal)
          << "sectors that are used in part, at " << site.where << ": do the lanes of a warp "
          << (site.write ? "write" : "read") << " neighbours of one row?";
  }
  EXPECT_EQ(profile.total(simt::AccessSite::Space::global).lanes, 2u * 64 * 64)
      << "every number once in, once out";
}
#endif

}  // namespace
}  // namespace gpt
