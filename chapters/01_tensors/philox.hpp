#pragma once
// Random numbers without a state.

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace gpt {

// [philox]
/// Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a
/// function from a 64-bit key and a 128-bit counter to 128 random bits. There is no generator whose state
/// would have to be kept, saved and shared out: whoever knows the key and the position knows the number, on
/// any rank and in any order.
constexpr std::array<uint32_t, 4> philox(uint64_t key, uint64_t counter_high, uint64_t counter_low) {
  auto k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  std::array<uint32_t, 4> x{static_cast<uint32_t>(counter_low), static_cast<uint32_t>(counter_low >> 32),
                            static_cast<uint32_t>(counter_high), static_cast<uint32_t>(counter_high >> 32)};
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53} * x[0], p1 = uint64_t{0xCD9E8D57} * x[2];
    x = {static_cast<uint32_t>(p1 >> 32) ^ x[1] ^ k0, static_cast<uint32_t>(p1),
         static_cast<uint32_t>(p0 >> 32) ^ x[3] ^ k1, static_cast<uint32_t>(p0)};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return x;
}
// [/philox]

/// A uniform number in [0, 1) with 24 random bits, from 32 random bits.
constexpr float uniform_from_bits(uint32_t bits) {
  return static_cast<float>(bits >> 8) * 0x1p-24f;
}

/// What random numbers are for: part of the key, so that no two uses of one seed meet.
enum class RandomUse : uint64_t { initialisation = 1, data_order, dropout, sampling, example, rounding };

/// A stream of random numbers: position i of stream `stream` under `seed` is always the same number. One
/// stream gives one kind of number (bits and uniforms, normals, or whole numbers): they share its bits.
class RandomStream {
 public:
  RandomStream(uint64_t seed, RandomUse use, uint64_t stream = 0)
      : key_(seed * 0x9E3779B97F4A7C15 + static_cast<uint64_t>(use)), stream_(stream) {}

  uint32_t bits(uint64_t i) const { return philox(key_, stream_, i / 4)[i % 4]; }
  /// Uniform in [0, 1).
  float uniform(uint64_t i) const { return uniform_from_bits(bits(i)); }
  /// Normal with mean 0 and deviation 1, by Box and Muller (1958): two uniforms give one normal.
  float normal(uint64_t i) const {
    const auto random = philox(key_, stream_, i);
    const double radius =
        std::sqrt(-2.0 * std::log((random[0] + 1.0) * 0x1p-32));  // in (0, 1]: never the log of 0
    return static_cast<float>(radius * std::cos(2.0 * std::numbers::pi * random[1] * 0x1p-32));
  }
  /// A whole number in [0, n), by the upper word of a product (Lemire 2019). No value is likelier than
  /// another by more than one part in 2⁶⁴/n.
  uint64_t below(uint64_t i, uint64_t n) const {
    const auto random = philox(key_, stream_, i);
    const uint64_t word = uint64_t{random[0]} << 32 | random[1];
    __extension__ using Wide = unsigned __int128;
    return static_cast<uint64_t>((static_cast<Wide>(word) * n) >> 64);
  }

 private:
  uint64_t key_;
  uint64_t stream_;
};

}  // namespace gpt
