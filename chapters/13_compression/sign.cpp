// One bit a number: its sign, and the mean size of a block.

#include <algorithm>
#include <cmath>

#include "13_compression/codec.hpp"

namespace gpt {
namespace {

constexpr size_t block_size = sign_block, lanes = 32;
static_assert(block_size % lanes == 0);

/// Added up in 32 partial sums, as a warp of chapter 07 does.
float sum_of_sizes(const float* v) {
  float sums[lanes] = {};
  for (size_t first = 0; first < block_size; first += lanes)
    for (size_t lane = 0; lane < lanes; ++lane) sums[lane] += std::abs(v[first + lane]);
  for (size_t distance = lanes / 2; distance > 0; distance /= 2)
    for (size_t lane = 0; lane < distance; ++lane) sums[lane] += sums[lane + distance];
  return sums[0];
}

class Sign final : public Codec {
 public:
  std::string_view name() const override { return "sign"; }
  /// First the scales, then words of 32 signs.
  int64_t bytes(int64_t n) const override { return 4 * sign_scales(n) + 4 * sign_words(n); }

  // [encode]
  void encode(std::span<std::byte> code, std::span<const float> values, std::span<float> error,
              const RoundingKey&) const override {
    const size_t n = values.size();
    auto* scales = reinterpret_cast<float*>(code.data());
    auto* words = reinterpret_cast<uint32_t*>(scales + sign_scales(static_cast<int64_t>(n)));
    float v[block_size];
    for (size_t first = 0; first < n; first += block_size) {
      const size_t count = std::min(block_size, n - first);
      for (size_t i = 0; i < count; ++i)
        v[i] = error.empty() ? values[first + i] : values[first + i] + error[first + i];
      std::fill(v + count, v + block_size, 0.0f);
      const float scale = sum_of_sizes(v) / static_cast<float>(count);
      scales[first / block_size] = scale;
      for (size_t start = 0; start < count; start += 32) {
        uint32_t word = 0;
        for (size_t j = 0; j < 32; ++j) word |= static_cast<uint32_t>(v[start + j] < 0.0f) << j;
        words[(first + start) / 32] = word;
      }
      if (error.empty()) continue;
      for (size_t i = 0; i < count; ++i) error[first + i] = v[i] < 0.0f ? v[i] + scale : v[i] - scale;
    }
  }
  // [/encode]

  void decode(std::span<float> values, std::span<const std::byte> code, bool add) const override {
    const size_t n = values.size();
    const auto* scales = reinterpret_cast<const float*>(code.data());
    const auto* words = reinterpret_cast<const uint32_t*>(scales + sign_scales(static_cast<int64_t>(n)));
    for (size_t first = 0; first < n; first += 32) {
      const float scale = scales[first / block_size];
      const uint32_t word = words[first / 32];
      const size_t count = std::min<size_t>(32, n - first);
      for (size_t j = 0; j < count; ++j) {
        const float v = word >> j & 1 ? -scale : scale;
        values[first + j] = add ? values[first + j] + v : v;
      }
    }
  }
};

}  // namespace

std::unique_ptr<Codec> make_sign_codec() {
  return std::make_unique<Sign>();
}

}  // namespace gpt
