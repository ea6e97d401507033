// A few of many: those that a sort finds, equal ones from the front, on every rung and in every order.

#include "07_cuda_kernels/sparse.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernel_test.hpp"

namespace gpt {
namespace {

using simt::DeviceArray;
using Floats = std::vector<float>;
using Positions = std::vector<int32_t>;

constexpr float infinity = std::numeric_limits<float>::infinity();

Floats numbers(int64_t n, uint64_t seed) {
  const RandomStream random(seed, RandomUse::example);
  Floats x(static_cast<size_t>(n));
  for (size_t i = 0; i < x.size(); ++i) x[i] = random.normal(i);
  return x;
}

Positions largest(const Floats& x, int64_t k) {
  const auto size = [&](int32_t i) {
    return std::bit_cast<uint32_t>(x[static_cast<size_t>(i)]) & 0x7fffffff;
  };
  Positions order(x.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return size(a) > size(b); });
  order.resize(static_cast<size_t>(k));
  std::sort(order.begin(), order.end());
  return order;
}

Positions selected(const Floats& x, int64_t k, int64_t shift, int rung) {
  Floats shifted(static_cast<size_t>(shift));
  shifted.insert(shifted.end(), x.begin(), x.end());
  const auto n = static_cast<int64_t>(x.size());
  const DeviceArray<float> row(shifted);
  const DeviceArray<int32_t> positions(static_cast<size_t>(k));
  const DeviceArray<std::byte> scratch(kernels::select_scratch_bytes(n));
  kernels::select_largest(positions.data(), row.data() + shift, n, k, 0, scratch.data(), rung);
  return positions.host();
}

class Sparse : public KernelTest {};

TEST_P(Sparse, TheLargestAreThoseOfASort) {
  for (int rung = 0; rung < select_rungs; ++rung)
    for (const int64_t n : {1, 1000, 4099})
      for (const int64_t k : {int64_t{1}, n / 100 + 1, n})
        ASSERT_EQ(selected(numbers(n, 1), k, k % 4, rung), largest(numbers(n, 1), k))
            << n << " " << k << " rung " << rung;
}

TEST_P(Sparse, OfEqualOnesThoseInFrontAndANaNIsLargerThanEverything) {
  Floats x = numbers(3000, 2);
  for (size_t i = 0; i < x.size(); i += 3) x[i] = i % 2 ? 2.0f : -2.0f;
  for (size_t i = 1; i < x.size(); i += 3) x[i] = i % 2 ? 0.0f : -0.0f;
  x[2500] = infinity, x[2600] = -infinity, x[2700] = std::nanf(""), x[2800] = 1e-45f;
  const Floats zeros(2100), ones(2100, -1.0f);
  for (int rung = 0; rung < select_rungs; ++rung) {
    for (const int64_t k : {1, 3, 500, 2003})
      ASSERT_EQ(selected(x, k, 0, rung), largest(x, k)) << k << " rung " << rung;
    for (const Floats& all : {zeros, ones}) ASSERT_EQ(selected(all, 1500, 0, rung), largest(all, 1500));
  }
}

TEST_P(Sparse, EachPartGivesOneOfItsIndices) {
  for (const auto& [n, k] : {std::pair<int64_t, int64_t>{1000, 333}, {77, 77}, {5, 1}, {2147483647, 4001}}) {
    const DeviceArray<int32_t> positions(static_cast<size_t>(k));
    const RoundingKey key = rounding_key(3, 5, 0);
    kernels::draw_positions(positions.data(), n, k, 0, key);
    const Positions drawn = positions.host();
    const RandomStream random(3, RandomUse::rounding, uint64_t{5} << 16);
    for (int64_t part = 0; part < k; ++part) {
      const int64_t begin = n * part / k, end = n * (part + 1) / k;
      const uint64_t offset = random.below(static_cast<uint64_t>(part), static_cast<uint64_t>(end - begin));
      ASSERT_EQ(drawn[static_cast<size_t>(part)], begin + static_cast<int64_t>(offset)) << n << " " << part;
    }
  }
}

TEST_P(Sparse, WhatIsTakenIsGoneAndArrivesElsewhere) {
  const Floats x = numbers(3001, 1), sums = numbers(3001, 2);
  const Positions chosen = largest(x, 700);
  const DeviceArray<float> from(x), to(sums), values(chosen.size());
  const DeviceArray<int32_t> positions(chosen);
  kernels::take_at(values.data(), from.data(), positions.data(), 700);
  kernels::add_at(to.data(), positions.data(), values.data(), 700);
  Floats left = x, sum = sums, taken;
  for (const int32_t p : chosen) {
    const auto i = static_cast<size_t>(p);
    taken.push_back(x[i]), left[i] = 0, sum[i] += x[i];
  }
  EXPECT_EQ(values.host(), taken);
  EXPECT_EQ(from.host(), left);
  EXPECT_EQ(to.host(), sum);
}

INSTANTIATE_TEST_SUITE_P(Orders, Sparse, every_order());

#ifdef SIMT_CHECKED
/// Three passes for three digits, one that counts, and one that writes.
TEST(SparseCounts, FivePassesInsteadOfThirtyThree) {
  const int64_t n = 32768, k = 327;
  const DeviceArray<float> x(numbers(n, 1));
  const DeviceArray<int32_t> positions(k);
  const DeviceArray<std::byte> scratch(kernels::select_scratch_bytes(n));
  const auto sectors = [&](int rung) {
    return counted(
               simt::AccessSite::Space::global,
               [&] { kernels::select_largest(positions.data(), x.data(), n, k, 0, scratch.data(), rung); })
        .cost;
  };
  const double pass = 4.0 * n / 32;
  EXPECT_GT(static_cast<double>(sectors(0)), 33 * pass);
  EXPECT_LT(static_cast<double>(sectors(1)), 5.5 * pass);
}
#endif

}  // namespace
}  // namespace gpt
