// Gradients in fewer bits: the same bits as plain loops on the CPU, right on average, and nothing lost where
// an error is kept.

#include "07_cuda_kernels/compress.hpp"

#include <bit>
#include <cmath>
#include <limits>

#include "01_tensors/philox.hpp"
#include "kernel_test.hpp"

namespace gpt {
namespace {

using simt::DeviceArray;
using Floats = std::vector<float>;
using Words = std::vector<uint16_t>;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr int64_t sizes[] = {1, 31, 256, 1000, 1024, 4096, 9001};

/// n normal numbers with all bits of a float; sizes of different blocks differ.
Floats numbers(int64_t n, uint64_t seed) {
  const RandomStream random(seed, RandomUse::example);
  Floats x(static_cast<size_t>(n));
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = random.normal(i) * std::ldexp(1.0f, static_cast<int>(i / 100 % 9));
  return x;
}

class Compress : public KernelTest {};

TEST_P(Compress, Bf16IsThatOfTheCpu) {
  Floats x = numbers(5003, 1);
  for (const float special : {0.0f, -0.0f, infinity, -infinity, 3.4e38f, 1e-45f, std::nanf("")})
    x.push_back(special);
  const auto n = static_cast<int64_t>(x.size());
  const DeviceArray<float> in(x), out(x.size()), sum(x);
  const DeviceArray<uint16_t> packed(x.size());
  kernels::pack_bf16(packed.data(), in.data(), n);
  kernels::unpack_bf16(out.data(), false, packed.data(), n);
  kernels::unpack_bf16(sum.data(), true, packed.data(), n);
  const Words bits = packed.host();
  const Floats back = out.host(), added = sum.host();
  for (size_t i = 0; i < x.size(); ++i) {
    ASSERT_EQ(bits[i], bf16(x[i]).bits) << x[i];
    const auto rounded = static_cast<float>(bf16(x[i]));
    if (std::isnan(x[i])) continue;
    ASSERT_EQ(back[i], rounded);
    ASSERT_EQ(added[i], x[i] + rounded);
  }
}

/// What the 16 bits of an IEEE half mean.
double value_of_half(unsigned bits) {
  const int exponent = static_cast<int>(bits >> 10 & 31), fraction = static_cast<int>(bits & 1023);
  const double size = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return bits & 0x8000 ? -size : size;
}

TEST_P(Compress, EveryHalfComesBack) {
  Words halves(1 << 16);
  for (size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<uint16_t>(i);
  const auto n = static_cast<int64_t>(halves.size());
  const DeviceArray<uint16_t> in(halves), again(halves.size());
  const DeviceArray<float> floats(halves.size());
  kernels::unpack_fp16(floats.data(), false, in.data(), n);
  kernels::pack_fp16(again.data(), floats.data(), n);
  const Floats x = floats.host();
  const Words back = again.host();
  for (unsigned i = 0; i < halves.size(); ++i) {
    if ((i & 0x7fff) > 0x7c00) {
      ASSERT_TRUE(std::isnan(x[i]) && (back[i] & 0x7fff) > 0x7c00);
      continue;
    }
    ASSERT_EQ(x[i], (i & 0x7fff) == 0x7c00 ? (i & 0x8000 ? -infinity : infinity) : value_of_half(i));
    ASSERT_EQ(back[i], i);
  }
}

TEST_P(Compress, HalvesAreRoundedToTheNearestAndTiesToEven) {
  Floats x;
  Words wanted;
  for (unsigned low = 0; low < 0x7bff; low += 7) {
    const auto middle = static_cast<float>((value_of_half(low) + value_of_half(low + 1)) / 2);
    for (const float v : {std::nextafter(middle, 0.0f), middle, std::nextafter(middle, infinity)}) {
      x.push_back(v);
      wanted.push_back(static_cast<uint16_t>(v < middle ? low : v > middle ? low + 1 : low + low % 2));
    }
  }
  for (const auto& [v, bits] :
       {std::pair{65519.9f, 0x7bff}, {65520.0f, 0x7c00}, {3e38f, 0x7c00}, {-1e5f, 0xfc00}}) {
    x.push_back(v);
    wanted.push_back(static_cast<uint16_t>(bits));
  }
  const DeviceArray<float> in(x);
  const DeviceArray<uint16_t> packed(x.size());
  kernels::pack_fp16(packed.data(), in.data(), static_cast<int64_t>(x.size()));
  const Words bits = packed.host();
  for (size_t i = 0; i < x.size(); ++i) ASSERT_EQ(bits[i], wanted[i]) << x[i];
}

/// pack_int8 in plain loops.
struct Int8 {
  std::vector<int8_t> packed;
  Floats scales, error;

  Int8(const Floats& x, const Floats& before, const RoundingKey& key) : packed(x.size()), error(x.size()) {
    for (size_t first = 0; first < x.size(); first += int8_block) {
      const size_t last = std::min(first + int8_block, x.size());
      float largest = 0;
      for (size_t i = first; i < last; ++i) largest = std::max(largest, std::abs(x[i] + before[i]));
      scales.push_back(largest / 127.0f);
      for (size_t i = first; i < last; ++i) {
        const float v = x[i] + before[i], u = uniform_from_bits(philox(key.key, key.high, i / 4)[i % 4]);
        const float rounded = largest > 0 ? std::floor(std::fma(v, 127.0f / largest, u)) : 0;
        packed[i] = static_cast<int8_t>(std::clamp(rounded, -127.0f, 127.0f));
        error[i] = std::fma(-scales.back(), static_cast<float>(packed[i]), v);
      }
    }
  }
};

TEST_P(Compress, Int8HasTheBitsOfTheCpu) {
  const RoundingKey key = rounding_key(7, 11, 3);
  for (const int64_t n : sizes) {
    const Floats x = numbers(n, 1), before = numbers(n, 2);
    const Int8 wanted(x, before, key);
    const DeviceArray<float> in(x), error(before), scales(static_cast<size_t>(int8_scales(n))), out(x.size());
    const DeviceArray<int8_t> packed(x.size());
    kernels::pack_int8(packed.data(), scales.data(), in.data(), error.data(), n, key);
    kernels::unpack_int8(out.data(), false, packed.data(), scales.data(), n);
    ASSERT_EQ(packed.host(), wanted.packed);
    ASSERT_EQ(scales.host(), wanted.scales);
    ASSERT_EQ(error.host(), wanted.error);
    const Floats decoded = out.host();
    for (size_t i = 0; i < x.size(); ++i)
      ASSERT_EQ(decoded[i], wanted.scales[i / int8_block] * static_cast<float>(wanted.packed[i]));
  }
}

TEST_P(Compress, Int8IsRightOnAverage) {
  const int64_t n = 25600;
  Floats x(n, 0.3f);
  for (size_t i = 0; i < x.size(); i += int8_block) x[i] = 127.0f;  // so every block has the scale 1
  const DeviceArray<float> in(x), scales(static_cast<size_t>(int8_scales(n)));
  const DeviceArray<int8_t> packed(x.size());
  kernels::pack_int8(packed.data(), scales.data(), in.data(), nullptr, n, rounding_key(1, 1, 1));
  double sum = 0, others = 0;
  const std::vector<int8_t> q = packed.host();
  for (size_t i = 0; i < q.size(); ++i)
    if (i % int8_block) sum += q[i], ++others;
  EXPECT_NEAR(sum / others, 0.3, 5 * std::sqrt(0.3 * 0.7 / others));
}

TEST_P(Compress, BlocksWithoutAFiniteScale) {
  Floats x(4 * int8_block, 1.0f);
  x[5] = infinity;
  x[int8_block + 255] = std::nanf("");
  for (int64_t i = 0; i < int8_block; ++i) x[static_cast<size_t>(2 * int8_block + i)] = 1e-40f;
  const auto n = static_cast<int64_t>(x.size());
  const DeviceArray<float> in(x), scales(4), out(x.size());
  const DeviceArray<int8_t> packed(x.size());
  kernels::pack_int8(packed.data(), scales.data(), in.data(), nullptr, n, rounding_key(1, 1, 1));
  kernels::unpack_int8(out.data(), false, packed.data(), scales.data(), n);
  const Floats decoded = out.host();
  for (size_t i = 0; i < x.size(); ++i) {
    if (i < 2 * int8_block) {
      ASSERT_TRUE(std::isnan(decoded[i])) << i;
    } else {
      ASSERT_EQ(decoded[i], i < 3 * int8_block ? 0.0f : 1.0f) << i;
    }
  }
}

TEST_P(Compress, SignsAndTheMeanSize) {
  for (const bool with_error : {false, true})
    for (const int64_t n : sizes) {
      const Floats x = numbers(n, 1), before = with_error ? numbers(n, 2) : Floats(x.size());
      const DeviceArray<float> in(x), error(before), scales(static_cast<size_t>(sign_scales(n))), out(x);
      const DeviceArray<uint32_t> words(static_cast<size_t>(sign_words(n)));
      kernels::pack_signs(words.data(), scales.data(), in.data(), with_error ? error.data() : nullptr, n);
      kernels::unpack_signs(out.data(), true, words.data(), scales.data(), n);
      const std::vector<uint32_t> bits = words.host();
      const Floats scale = scales.host(), lost = error.host(), sum = out.host();
      for (size_t first = 0; first < x.size(); first += sign_block) {
        const size_t last = std::min(first + sign_block, x.size());
        double mean = 0;
        for (size_t i = first; i < last; ++i)
          mean += std::abs(double{x[i] + before[i]}) / static_cast<double>(last - first);
        const float s = scale[first / sign_block];
        ASSERT_NEAR(s, mean, 1e-5 * mean);
        for (size_t i = first; i < last; ++i) {
          const float v = x[i] + before[i];
          ASSERT_EQ(bits[i / 32] >> i % 32 & 1, v < 0) << i;
          ASSERT_EQ(sum[i], x[i] + (v < 0 ? -s : s));
          ASSERT_EQ(lost[i], with_error ? v - (v < 0 ? -s : s) : 0.0f);
        }
      }
      ASSERT_EQ(uint64_t{bits.back()} >> ((n - 1) % 32 + 1), 0u) << "bits behind the end";
    }
}

TEST_P(Compress, PointersNeedNotBeAligned) {
  const int64_t n = 1000;
  const Floats x = numbers(n, 1);
  Floats shifted(1);
  shifted.insert(shifted.end(), x.begin(), x.end());
  const RoundingKey key = rounding_key(1, 2, 3);
  const DeviceArray<float> in(shifted), error(Floats(x.size() + 1)), scales(4), out(Floats(x.size() + 1));
  const DeviceArray<int8_t> packed(x.size() + 1);
  const DeviceArray<uint16_t> half(x.size() + 1);
  kernels::pack_int8(packed.data() + 1, scales.data(), in.data() + 1, error.data() + 1, n, key);
  kernels::unpack_int8(out.data() + 1, true, packed.data() + 1, scales.data(), n);
  kernels::pack_bf16(half.data() + 1, in.data() + 1, n);
  kernels::unpack_bf16(out.data() + 1, true, half.data() + 1, n);
  const Int8 wanted(x, Floats(x.size()), key);
  const Floats sum = out.host();
  for (size_t i = 0; i < x.size(); ++i)
    ASSERT_EQ(sum[i + 1], wanted.scales[i / int8_block] * static_cast<float>(wanted.packed[i]) +
                              static_cast<float>(bf16(x[i])));
  EXPECT_EQ(sum[0], 0.0f);
}

INSTANTIATE_TEST_SUITE_P(Orders, Compress, every_order());

#ifdef SIMT_CHECKED
TEST(CompressCounts, TheBytesAndNoMore) {
  const int64_t n = 8192;
  const DeviceArray<float> x(numbers(n, 1)), error(numbers(n, 2)),
      scales(static_cast<size_t>(int8_scales(n)));
  const DeviceArray<uint16_t> half(n);
  const DeviceArray<int8_t> bytes(n);
  const DeviceArray<uint32_t> words(static_cast<size_t>(sign_words(n)));
  expect_few_sectors(6.0 * n, [&] { kernels::pack_bf16(half.data(), x.data(), n); });
  expect_few_sectors(6.0 * n, [&] { kernels::unpack_bf16(x.data(), false, half.data(), n); });
  expect_few_sectors(6.0 * n, [&] { kernels::pack_fp16(half.data(), x.data(), n); });
  expect_few_sectors(6.0 * n, [&] { kernels::unpack_fp16(x.data(), false, half.data(), n); });
  const RoundingKey key = rounding_key(1, 1, 1);
  expect_few_sectors(
      13.0 * n, [&] { kernels::pack_int8(bytes.data(), scales.data(), x.data(), error.data(), n, key); });
  expect_few_sectors(5.0 * n, [&] { kernels::unpack_int8(x.data(), false, bytes.data(), scales.data(), n); });
  expect_few_sectors(12.125 * n,
                     [&] { kernels::pack_signs(words.data(), scales.data(), x.data(), error.data(), n); });
}
#endif

}  // namespace
}  // namespace gpt
