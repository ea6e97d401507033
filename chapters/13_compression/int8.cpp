// Eight bits a number, with a scale for every block and random rounding.

#include <algorithm>
#include <bit>
#include <cmath>

#include "01_tensors/philox.hpp"
#include "13_compression/codec.hpp"

namespace gpt {
namespace {

constexpr size_t int8_block_size = int8_block;

/// random[i] = philox(key, high, first / 4 + i / 4)[i % 4], the same numbers as one by one: here the quads of
/// a block go through the rounds side by side, which lets the compiler use vectors.
void random_words(const RoundingKey& key, uint64_t first, uint32_t (&random)[int8_block_size]) {
  constexpr size_t quads = int8_block_size / 4;
  uint32_t x0[quads], x1[quads], x2[quads], x3[quads];
  auto k0 = static_cast<uint32_t>(key.key), k1 = static_cast<uint32_t>(key.key >> 32);
  for (size_t j = 0; j < quads; ++j) {
    const uint64_t low = first / 4 + j;
    x0[j] = static_cast<uint32_t>(low), x1[j] = static_cast<uint32_t>(low >> 32);
    x2[j] = static_cast<uint32_t>(key.high), x3[j] = static_cast<uint32_t>(key.high >> 32);
  }
  for (int round = 0; round < 10; ++round) {
    for (size_t j = 0; j < quads; ++j) {
      const uint64_t p0 = uint64_t{0xD2511F53} * x0[j], p1 = uint64_t{0xCD9E8D57} * x2[j];
      x0[j] = static_cast<uint32_t>(p1 >> 32) ^ x1[j] ^ k0, x1[j] = static_cast<uint32_t>(p1);
      x2[j] = static_cast<uint32_t>(p0 >> 32) ^ x3[j] ^ k1, x3[j] = static_cast<uint32_t>(p0);
    }
    k0 += 0x9E3779B9, k1 += 0xBB67AE85;
  }
  for (size_t j = 0; j < quads; ++j)
    random[4 * j] = x0[j], random[4 * j + 1] = x1[j], random[4 * j + 2] = x2[j], random[4 * j + 3] = x3[j];
}

// [block]
/// One block: `count` numbers v become codes and a scale, and v what is lost.
float encode_block(int8_t* codes, float* v, size_t count, const uint32_t* random) {
  uint32_t largest = 0;  // of the sizes as bits: they are ordered as the numbers are, and a NaN is above all
  for (size_t i = 0; i < count; ++i) largest = std::max(largest, std::bit_cast<uint32_t>(v[i]) & 0x7fffffff);
  const bool finite = largest < 0x7f800000, tiny = largest < 0x03000000;  // 127 / 2⁻¹²¹ would be infinite
  const float scale = tiny ? 0.0f : std::bit_cast<float>(largest) / 127.0f;
  const float inverse = tiny || !finite ? 0.0f : 127.0f / std::bit_cast<float>(largest);
  if (!finite) {
    std::fill_n(codes, count, int8_t{0});  // 0 times a scale that is not finite
    for (size_t i = 0; i < count; ++i) v[i] = std::fma(-scale, 0.0f, v[i]);
    return scale;
  }
  for (size_t i = 0; i < count; ++i) {
    // ⌊v/scale + u⌋ with u in [0, 1): 2.3 becomes 3 in three cases of ten, else 2.
    const float rounded = std::floor(std::fma(v[i], inverse, uniform_from_bits(random[i])));
    const float q = std::min(std::max(rounded, -127.0f), 127.0f);
    codes[i] = static_cast<int8_t>(q);
    v[i] = std::fma(-scale, q, v[i]);
  }
  return scale;
}
// [/block]

class Int8 final : public Codec {
 public:
  std::string_view name() const override { return "int8"; }
  /// First the scales, then the codes.
  int64_t bytes(int64_t n) const override { return 4 * int8_scales(n) + (n + 3) / 4 * 4; }

  void encode(std::span<std::byte> code, std::span<const float> values, std::span<float> error,
              const RoundingKey& key) const override {
    const size_t n = values.size();
    auto* scales = reinterpret_cast<float*>(code.data());
    auto* codes = reinterpret_cast<int8_t*>(scales + int8_scales(static_cast<int64_t>(n)));
    float v[int8_block_size];
    uint32_t random[int8_block_size];
    for (size_t first = 0; first < n; first += int8_block_size) {
      const size_t count = std::min(int8_block_size, n - first);
      random_words(key, first, random);
      for (size_t i = 0; i < count; ++i)
        v[i] = error.empty() ? values[first + i] : values[first + i] + error[first + i];
      scales[first / int8_block_size] = encode_block(codes + first, v, count, random);
      if (!error.empty()) std::copy_n(v, count, error.begin() + static_cast<std::ptrdiff_t>(first));
    }
    for (size_t i = n; i % 4 != 0; ++i) codes[i] = 0;
  }

  void decode(std::span<float> values, std::span<const std::byte> code, bool add) const override {
    const size_t n = values.size();
    const auto* scales = reinterpret_cast<const float*>(code.data());
    const auto* codes = reinterpret_cast<const int8_t*>(scales + int8_scales(static_cast<int64_t>(n)));
    for (size_t first = 0; first < n; first += int8_block_size) {
      const size_t last = std::min(first + int8_block_size, n);
      const float scale = scales[first / int8_block_size];
      if (add)
        for (size_t i = first; i < last; ++i)
          values[i] = std::fma(scale, static_cast<float>(codes[i]), values[i]);
      else
        for (size_t i = first; i < last; ++i) values[i] = scale * static_cast<float>(codes[i]);
    }
  }
};

}  // namespace

std::unique_ptr<Codec> make_int8_codec() {
  return std::make_unique<Int8>();
}

}  // namespace gpt
