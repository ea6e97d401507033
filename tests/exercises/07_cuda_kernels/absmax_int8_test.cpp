#include "exercises/07_cuda_kernels/absmax_int8.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "06_simt/checker.hpp"
#include "06_simt/device_array.hpp"
#include "tests/exercises/07_cuda_kernels/every_order.hpp"

namespace gpt {
namespace {

void expect_quantised(const std::vector<float>& x) {
  in_every_order([&] {
    const simt::DeviceArray<float> on_device(x);
    simt::DeviceArray<int8_t> packed(x.size());
    simt::DeviceArray<float> scales((x.size() + 255) / 256);
    KERNEL_SPACE::absmax_int8(packed.data(), scales.data(), on_device.data(), static_cast<int64_t>(x.size()));
    const std::vector<int8_t> codes = packed.host();
    const std::vector<float> found = scales.host();
    for (size_t b = 0; b < found.size(); ++b) {
      float most = 0;
      for (size_t i = 256 * b; i < std::min(x.size(), 256 * b + 256); ++i)
        most = std::max(most, std::abs(x[i]));
      ASSERT_FLOAT_EQ(found[b], most / 127)
          << "the scale of block " << b << ": have all 256 threads agreed on one largest |x|, "
          << "negative numbers included?";
    }
    for (size_t i = 0; i < x.size(); ++i) {
      const float scale = found[i / 256];
      ASSERT_LE(std::abs(static_cast<float>(codes[i]) * scale - x[i]), 0.501f * scale)
          << "number " << i << ", " << x[i] << ", became " << static_cast<int>(codes[i]) << " times " << scale
          << ": more than half a step away. A conversion to int cuts off, it does not round";
    }
  });
}

std::vector<float> numbers(size_t n) {
  std::vector<float> x(n);
  for (size_t i = 0; i < n; ++i) x[i] = -3.0f * std::sin(static_cast<float>(i * i % 1000)) - 0.5f;
  return x;
}

TEST(AbsmaxInt8, OfWholeBlocks) {
  expect_quantised(numbers(512));
}
TEST(AbsmaxInt8, OfABlockThatIsCutOff) {
  expect_quantised(numbers(300));
  expect_quantised(numbers(1));
}
TEST(AbsmaxInt8, OfZeros) {
  expect_quantised(std::vector<float>(256, 0.0f));
}

}  // namespace
}  // namespace gpt
