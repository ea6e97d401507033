// The codes of this chapter are those of chapter 07's kernels, bit for bit.

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "07_cuda_kernels/compress.hpp"
#include "13_compression/codec.hpp"
#include "rows.hpp"

namespace gpt {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr int64_t sizes[] = {1, 31, 256, 1000, 1024, 4096, 9001};

struct Encoded {
  std::vector<std::byte> code;
  Floats error, decoded;
};

Encoded encode(const Codec& codec, const Floats& x, const Floats& error, const RoundingKey& key) {
  const auto n = static_cast<int64_t>(x.size());
  Encoded result{std::vector<std::byte>(static_cast<size_t>(codec.bytes(n)), std::byte{0xAB}), error, x};
  codec.encode(result.code, x, result.error, key);
  codec.decode(result.decoded, result.code, true);
  return result;
}

template <class T>
void expect_bits(const std::byte* code, const std::vector<T>& wanted) {
  EXPECT_EQ(std::memcmp(code, wanted.data(), wanted.size() * sizeof(T)), 0);
}

void expect_same_bits(const Floats& a, const Floats& b) {
  for (size_t i = 0; i < a.size(); ++i)
    ASSERT_TRUE(std::memcmp(&a[i], &b[i], 4) == 0 || (std::isnan(a[i]) && std::isnan(b[i]))) << i;
}

Floats with_special_numbers(Floats x) {
  for (const float special : {0.0f, -0.0f, infinity, -infinity, 3.4e38f, 1e-45f, 6e-8f, 65519.0f, 65520.0f,
                              std::numeric_limits<float>::quiet_NaN()})
    x.push_back(special);
  return x;
}

TEST(SameAsKernels, Halves) {
  for (const int64_t n : sizes) {
    const Floats x = with_special_numbers(numbers(n, 1));
    for (const bool half : {false, true}) {
      const auto codec = half ? make_fp16_codec() : make_bf16_codec();
      const Encoded ours = encode(*codec, x, {}, {});
      std::vector<uint16_t> packed(x.size());
      Floats sum = x;
      (half ? emulated::pack_fp16 : emulated::pack_bf16)(packed.data(), x.data(),
                                                         static_cast<int64_t>(x.size()), nullptr);
      (half ? emulated::unpack_fp16 : emulated::unpack_bf16)(sum.data(), true, packed.data(),
                                                             static_cast<int64_t>(x.size()), nullptr);
      expect_bits(ours.code.data(), packed);
      expect_same_bits(ours.decoded, sum);
    }
  }
}

TEST(SameAsKernels, Int8) {
  const RoundingKey key = rounding_key(7, 11, 3);
  for (const int64_t n : sizes)
    for (const bool feedback : {false, true}) {
      Floats x = with_special_numbers(numbers(n, 1)), error;
      x.resize(x.size() + 600, 1e-40f);  // a block too small for a scale
      const auto all = static_cast<int64_t>(x.size());
      if (feedback) error = numbers(all, 2);
      const Encoded ours = encode(*make_int8_codec(), x, error, key);
      std::vector<int8_t> packed(x.size());
      Floats scales(static_cast<size_t>(int8_scales(all))), sum = x;
      emulated::pack_int8(packed.data(), scales.data(), x.data(), feedback ? error.data() : nullptr, all,
                          key);
      emulated::unpack_int8(sum.data(), true, packed.data(), scales.data(), all);
      Floats our_scales(scales.size());
      std::memcpy(our_scales.data(), ours.code.data(), 4 * scales.size());
      expect_same_bits(our_scales, scales);
      expect_bits(ours.code.data() + 4 * scales.size(), packed);
      expect_same_bits(ours.decoded, sum);
      expect_same_bits(ours.error, error);
    }
}

TEST(SameAsKernels, Signs) {
  for (const int64_t n : sizes)
    for (const bool feedback : {false, true}) {
      const Floats x = numbers(n, 1);
      Floats error = feedback ? numbers(n, 2) : Floats{};
      const Encoded ours = encode(*make_sign_codec(), x, error, {});
      std::vector<uint32_t> words(static_cast<size_t>(sign_words(n)));
      Floats scales(static_cast<size_t>(sign_scales(n))), sum = x;
      emulated::pack_signs(words.data(), scales.data(), x.data(), feedback ? error.data() : nullptr, n);
      emulated::unpack_signs(sum.data(), true, words.data(), scales.data(), n);
      expect_bits(ours.code.data(), scales);
      expect_bits(ours.code.data() + 4 * scales.size(), words);
      expect_same_bits(ours.decoded, sum);
      expect_same_bits(ours.error, error);
    }
}

}  // namespace
}  // namespace gpt
