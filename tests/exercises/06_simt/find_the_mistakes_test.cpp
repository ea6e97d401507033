#include "exercises/06_simt/find_the_mistakes.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "06_simt/device_array.hpp"
#include "06_simt/machine.hpp"

namespace gpt {
namespace {

using Kernel = void (*)(float*, const float*);
using Expected = float (*)(const std::vector<float>& x, size_t t);

void expect_in_every_order(Kernel kernel, Expected expected, const char* hint) {
  std::vector<float> x(256);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * 37 % 101);
  for (const simt::Order order : {simt::Order::forward, simt::Order::reverse, simt::Order::random}) {
    const simt::ScopedOptions options({.workers = 1, .order = order});
    const simt::DeviceArray<float> on_device(x);
    simt::DeviceArray<float> y(x.size());
    kernel(y.data(), on_device.data());
    const std::vector<float> found = y.host();
    for (size_t t = 0; t < x.size(); ++t)
      ASSERT_EQ(found[t], expected(x, t)) << "of thread " << t << ". " << hint;
  }
}

TEST(Mistakes, OfReversed) {
  expect_in_every_order(
      KERNEL_SPACE::reversed, [](const std::vector<float>& x, size_t t) { return x[255 - t]; },
      "Who has written what it reads, and when?");
}
TEST(Mistakes, OfNeighbourSums) {
  expect_in_every_order(
      KERNEL_SPACE::neighbour_sums,
      [](const std::vector<float>& x, size_t t) { return x[t] + x[(t + 1) % 256]; },
      "Which thread has no right neighbour?");
}
TEST(Mistakes, OfWarpMaxima) {
  expect_in_every_order(
      KERNEL_SPACE::warp_maxima,
      [](const std::vector<float>& x, size_t t) {
        const auto first = x.begin() + static_cast<std::ptrdiff_t>(t / 32 * 32);
        return *std::max_element(first, first + 32);
      },
      "Which lanes have seen all others after five steps downwards?");
}

}  // namespace
}  // namespace gpt
