// Exact counts of sectors and wavefronts for known patterns; tensor cores and bf16.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>

#include "01_tensors/dtype.hpp"
#include "06_simt/checker.hpp"
#include "06_simt/device_array.hpp"
#include "profile_kernels.hpp"

namespace gpt {
namespace {

namespace kernels = KERNEL_SPACE;
using simt::DeviceArray;

bool no_device() {
  int devices = 0;
  return cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0;
}

#ifdef SIMT_CHECKED
using kernels::Pattern;
using simt::AccessProfile;
using simt::AccessSite;

/// The loads that the kernel makes after it has filled its tile: those on the last line that loads.
AccessSite loads(Pattern pattern) {
  const DeviceArray<float> x(std::vector<float>(64 * 33, 1.0f)), out(64);
  const AccessProfile profile;
  kernels::load(pattern, x.data(), out.data());
  AccessSite last;
  for (const AccessSite& site : profile.sites())
    if (!site.write) last = site;
  return last;
}

struct Expected {
  Pattern pattern;
  uint64_t cost, ideal;  // of two warps
};

TEST(Sectors, AreCountedExactly) {
  for (const auto& [pattern, cost, ideal] :
       {Expected{Pattern::floats, 2 * 4, 2 * 4}, Expected{Pattern::later, 2 * 5, 2 * 4},
        Expected{Pattern::every_second, 2 * 8, 2 * 4}, Expected{Pattern::every_eighth, 2 * 32, 2 * 4},
        Expected{Pattern::same, 2 * 1, 2 * 1}, Expected{Pattern::quads, 2 * 16, 2 * 16},
        Expected{Pattern::bytes, 2 * 1, 2 * 1}}) {
    const AccessSite site = loads(pattern);
    SCOPED_TRACE(static_cast<int>(pattern));
    EXPECT_EQ(site.space, AccessSite::Space::global);
    EXPECT_EQ(site.requests, 2u);
    EXPECT_EQ(site.lanes, 2u * 32);
    EXPECT_EQ(site.cost, cost);
    EXPECT_EQ(site.ideal, ideal);
  }
}

TEST(Sectors, OfLanesThatTakePart) {
  const AccessSite site = loads(Pattern::half_warps);
  EXPECT_EQ(site.requests, 2u);
  EXPECT_EQ(site.lanes, 2u * 16);
  EXPECT_EQ(site.cost, 2u * 4);
  EXPECT_EQ(site.ideal, 2u * 2);
}

TEST(Wavefronts, AreCountedExactly) {
  for (const auto& [pattern, cost, ideal] :
       {Expected{Pattern::shared_rows, 2 * 1, 2 * 1}, Expected{Pattern::shared_column, 2 * 32, 2 * 1},
        Expected{Pattern::shared_padded, 2 * 1, 2 * 1}, Expected{Pattern::shared_pairs, 2 * 2, 2 * 1},
        Expected{Pattern::shared_same, 2 * 1, 2 * 1}, Expected{Pattern::shared_quads, 2 * 4, 2 * 4}}) {
    const AccessSite site = loads(pattern);
    SCOPED_TRACE(static_cast<int>(pattern));
    EXPECT_EQ(site.space, AccessSite::Space::shared);
    EXPECT_EQ(site.requests, 2u);
    EXPECT_EQ(site.cost, cost);
    EXPECT_EQ(site.ideal, ideal);
  }
}

TEST(Sites, NameTheLine) {
  const std::string where = loads(Pattern::floats).where;
  EXPECT_EQ(where.substr(0, where.find(':')), "profile_kernels.cu");
}

TEST(Sites, AddUpToTheTotal) {
  const DeviceArray<float> x(std::vector<float>(64 * 33, 1.0f)), out(64);
  const AccessProfile profile;
  kernels::load(Pattern::floats, x.data(), out.data());
  uint64_t cost = 0;
  for (const AccessSite& site : profile.sites())
    if (site.space == AccessSite::Space::global) cost += site.cost;
  EXPECT_EQ(profile.total(AccessSite::Space::global).cost, cost);
}

TEST(Wmma, MovesPairsOfNeighboursAsAGpuDoes) {
  const DeviceArray<uint16_t> a(std::vector<uint16_t>(256, 0)), b(std::vector<uint16_t>(256, 0));
  const DeviceArray<float> c(256);
  const AccessProfile profile;
  kernels::wmma_product(true, a.data(), b.data(), c.data());
  const AccessSite total = profile.total(AccessSite::Space::global);
  EXPECT_EQ(total.ideal, 16u + 16u + 32u);
  EXPECT_EQ(total.cost, 2 * 16u + 2 * 16u + 32u);  // a row of an 8 × 8 block is half a sector of bf16
  EXPECT_EQ(total.lanes, 3u * 4 * 32);
}
#endif

TEST(Wmma, MultipliesAsAPlainLoopDoes) {
  if (no_device()) GTEST_SKIP() << "no GPU here";
  std::vector<uint16_t> a(256), b(256);
  for (int i = 0; i < 256; ++i) {
    a[i] = bf16(std::sin(static_cast<float>(i))).bits;
    b[i] = bf16(std::cos(static_cast<float>(3 * i))).bits;
  }
  const auto value = [](uint16_t bits) {
    bf16 x;
    x.bits = bits;
    return double{static_cast<float>(x)};
  };
  const DeviceArray<uint16_t> da(a), db(b);
  for (const bool by_columns : {false, true}) {
    const DeviceArray<float> dc(256);
    kernels::wmma_product(by_columns, da.data(), db.data(), dc.data());
    const std::vector<float> c = dc.host();
    for (int i = 0; i < 16; ++i)
      for (int j = 0; j < 16; ++j) {
        double wanted = 0;
        for (int k = 0; k < 16; ++k)
          wanted += 2 * value(a[i * 16 + k]) * value(b[by_columns ? j * 16 + k : k * 16 + j]);
        ASSERT_NEAR(c[i * 16 + j], wanted, 1e-5) << i << ", " << j;
      }
  }
}

TEST(Bf16, RoundsInAKernelAsChapter01Does) {
  if (no_device()) GTEST_SKIP() << "no GPU here";
  std::vector<float> x{0.0f, -0.0f, 1e-45f, 3.3895314e38f, std::numeric_limits<float>::infinity(), -NAN};
  for (uint32_t bits = 1; bits < 0xffffff00u - 98765; bits += 98765) x.push_back(std::bit_cast<float>(bits));
  const int n = static_cast<int>(x.size());
  const DeviceArray<float> dx(x);
  const DeviceArray<uint16_t> out(n);
  kernels::round_to_bf16(n, dx.data(), out.data());
  const std::vector<uint16_t> got = out.host();
  for (int i = 0; i < n; ++i) ASSERT_EQ(got[i], bf16(x[i]).bits) << x[i];
}

}  // namespace
}  // namespace gpt
