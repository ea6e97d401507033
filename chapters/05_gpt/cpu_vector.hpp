#pragma once
// Functions for loops that the compiler turns into vector instructions.

#include <bit>
#include <cstdint>

#include "01_tensors/dtype.hpp"

namespace gpt::cpu {

// GCC does not vectorise copies of a struct, so bf16 goes in and out by its bits.
inline float load(float value) {
  return value;
}
inline float load(const bf16& value) {
  return std::bit_cast<float>(static_cast<uint32_t>(value.bits) << 16);
}
inline void store(float& to, float value) {
  to = value;
}
inline void store(bf16& to, float value) {
  to.bits = bf16(value).bits;
}

// [exp]
/// eˣ without a branch and without a call, to 2 units in the last place. x = n·ln 2 + r with |r| ≤ ln 2 / 2;
/// eʳ is a polynomial (Cephes' coefficients, Moshier 1984), and 2ⁿ is written straight into the exponent's
/// bits.
inline float fast_exp(float x) {
  x = x < -87.0f ? -87.0f : x;  // below, 2ⁿ would leave the exponent's range; e⁻⁸⁷ is 1.6e-38
  x = x > 88.0f ? 88.0f : x;
  constexpr float shift = 0x1.8p23f;  // adding and subtracting it rounds to a whole number
  const float n = (x * 1.44269504f + shift) - shift;
  const float r =
      (x - n * 0.693359375f) + n * 2.12194440e-4f;  // ln 2 in two parts: the product n·ln 2 loses no digits
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  return p * std::bit_cast<float>((static_cast<int32_t>(n) + 127) << 23);
}
// [/exp]

/// GELU's tanh form by one exponential: (1 + tanh u) / 2 = 1 / (1 + e⁻²ᵘ).
struct Gelu {
  float value;
  float derivative;
};
inline Gelu gelu(float x) {
  constexpr float scale = 2 * 0.7978845608f;  // 2·√(2/π)
  const float squared = x * x;
  const float gate = 1.0f / (1.0f + fast_exp(-scale * x * (1.0f + 0.044715f * squared)));
  return {x * gate, gate + x * gate * (1.0f - gate) * scale * (1.0f + 3 * 0.044715f * squared)};
}

}  // namespace gpt::cpu
