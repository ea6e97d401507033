// bf16 and fp16: each number by itself.

#include <bit>

#include "01_tensors/dtype.hpp"
#include "13_compression/codec.hpp"

namespace gpt {
namespace {

struct Bf16 {
  static constexpr std::string_view name = "bf16";
  static uint16_t pack(float x) { return bf16(x).bits; }
  static float unpack(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }
};

// [fp16]
/// 5 bits of exponent and 10 of fraction. Without branches, so that many are converted at a time.
struct Fp16 {
  static constexpr std::string_view name = "fp16";
  static uint16_t pack(float x) {
    const auto word = std::bit_cast<uint32_t>(x), sign = word >> 16 & 0x8000, size = word & 0x7fffffff;
    // Below 2⁻¹⁴ halves are the multiples of 2⁻²⁴: the distance of floats at 0.5. The sum rounds.
    const uint32_t small = std::bit_cast<uint32_t>(std::bit_cast<float>(size) + 0.5f) - 0x3f000000;
    const uint32_t usual = (size + 0xfff + (size >> 13 & 1) - 0x38000000) >> 13;  // to nearest, ties to even
    const uint32_t finite = size < 0x38800000 ? small : usual;
    const uint32_t number = size >= 0x477ff000 ? 0x7c00 : finite;  // 65520 and more: infinity
    return static_cast<uint16_t>(size > 0x7f800000 ? 0x7fff : sign | number);
  }
  static float unpack(uint16_t bits) {
    const uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16,
                   size = static_cast<uint32_t>(bits & 0x7fff) << 13;
    const auto finite = std::bit_cast<uint32_t>(std::bit_cast<float>(size) * 0x1p112f);  // exponents differ
    return std::bit_cast<float>(sign | (size >= 0x7c00u << 13 ? 0x70000000 | size : finite));
  }
};
// [/fp16]

template <class Format>
class Halves final : public Codec {
 public:
  std::string_view name() const override { return Format::name; }
  int64_t bytes(int64_t n) const override { return (n + 1) / 2 * 4; }

  void encode(std::span<std::byte> code, std::span<const float> values, std::span<float> error,
              const RoundingKey&) const override {
    auto* packed = reinterpret_cast<uint16_t*>(code.data());
    const size_t n = values.size();
    if (error.empty()) {
      for (size_t i = 0; i < n; ++i) packed[i] = Format::pack(values[i]);
    } else {
      for (size_t i = 0; i < n; ++i) {
        const float v = values[i] + error[i];
        packed[i] = Format::pack(v);
        error[i] = v - Format::unpack(packed[i]);
      }
    }
    if (n % 2 == 1) packed[n] = 0;
  }

  void decode(std::span<float> values, std::span<const std::byte> code, bool add) const override {
    const auto* packed = reinterpret_cast<const uint16_t*>(code.data());
    if (add)
      for (size_t i = 0; i < values.size(); ++i) values[i] += Format::unpack(packed[i]);
    else
      for (size_t i = 0; i < values.size(); ++i) values[i] = Format::unpack(packed[i]);
  }
};

}  // namespace

std::unique_ptr<Codec> make_bf16_codec() {
  return std::make_unique<Halves<Bf16>>();
}
std::unique_ptr<Codec> make_fp16_codec() {
  return std::make_unique<Halves<Fp16>>();
}

}  // namespace gpt
