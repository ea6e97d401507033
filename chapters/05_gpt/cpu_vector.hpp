#pragma once
// Sixteen floats at a time: loads, stores and functions for the inner loops of the CPU backend.

#include <algorithm>
#include <bit>
#include <cstdint>

#include "01_tensors/dtype.hpp"

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace gpt::cpu {

/// 16 floats: one AVX-512 register; the compiler splits it where registers are narrower.
using Vector = float __attribute__((vector_size(64), aligned(4), may_alias));
inline constexpr int64_t lanes = 16;

// One element, as a float. GCC does not vectorise copies of a struct, so bf16 goes in and out by its bits.
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

namespace detail {
using Words = uint32_t __attribute__((vector_size(64)));
using Halves = uint16_t __attribute__((vector_size(32), aligned(2), may_alias));
using Integers = int32_t __attribute__((vector_size(64)));
}  // namespace detail

// Sixteen elements.
inline Vector load_vector(const float* from) {
  return *reinterpret_cast<const Vector*>(from);
}
inline void store_vector(float* to, Vector value) {
  *reinterpret_cast<Vector*>(to) = value;
}
inline Vector load_vector(const bf16* from) {
#if defined(__AVX512F__)
  const __m512i words = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
  return std::bit_cast<Vector>(_mm512_slli_epi32(words, 16));
#else
  const auto halves = *reinterpret_cast<const detail::Halves*>(from);
  return std::bit_cast<Vector>(__builtin_convertvector(halves, detail::Words) << 16);
#endif
}
#if defined(__AVX512BF16__)
inline void store_vector(bf16* to, Vector value) {  // one instruction; it takes numbers below 1e-38 for zeros
  *reinterpret_cast<detail::Halves*>(to) =
      std::bit_cast<detail::Halves>(_mm512_cvtneps_pbh(std::bit_cast<__m512>(value)));
}
#else
inline void store_vector(bf16* to, Vector value) {  // the rounding of bf16's constructor, in sixteen lanes
  const auto words = std::bit_cast<detail::Words>(value);
  const detail::Words rounded = (words + 0x7FFF + ((words >> 16) & 1)) >> 16;
  const detail::Words safe = (words & 0x7FFFFFFF) > 0x7F800000 ? detail::Words{} + 0x7FFF : rounded;
  *reinterpret_cast<detail::Halves*>(to) = __builtin_convertvector(safe, detail::Halves);
}
#endif

/// out[i] = f(in[i]…) for i = from … to-1, where f takes and gives Vectors. Out may be one of the inputs.
template <class F, class Out, class... In>
void map_vectors(int64_t from, int64_t to, F f, Out* out, const In*... in) {
  int64_t i = from;
  for (; i + lanes <= to; i += lanes) store_vector(out + i, f(load_vector(in + i)...));
  if (i == to) return;
  const auto padded = [i, to](const auto* p) {  // the last few elements, filled up with zeros
    Vector value{};
    for (int64_t j = i; j < to; ++j) value[j - i] = load(p[j]);
    return value;
  };
  const Vector last = f(padded(in)...);
  for (int64_t j = i; j < to; ++j) store(out[j], last[j - i]);
}

/// x · 2ⁿ for whole numbers n that keep it within the exponent's range: 2ⁿ is written straight into the
/// exponent's bits. AVX-512 has an instruction for it.
inline float scale_by_power(float x, float n) {
  return x * std::bit_cast<float>((static_cast<int32_t>(n) + 127) << 23);
}
inline Vector scale_by_power(Vector x, Vector n) {
#if defined(__AVX512F__)
  return std::bit_cast<Vector>(_mm512_scalef_ps(std::bit_cast<__m512>(x), std::bit_cast<__m512>(n)));
#else
  return x * std::bit_cast<Vector>((__builtin_convertvector(n, detail::Integers) + 127) << 23);
#endif
}

/// x, but not below `low` nor above `high`.
inline float clamp(float x, float low, float high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}
inline Vector clamp(Vector x, float low, float high) {
#if defined(__AVX512F__)
  const __m512 raised = _mm512_max_ps(_mm512_set1_ps(low), std::bit_cast<__m512>(x));
  return std::bit_cast<Vector>(_mm512_min_ps(_mm512_set1_ps(high), raised));
#else
  x = x < low ? Vector{} + low : x;
  return x > high ? Vector{} + high : x;
#endif
}

// [exp]
/// eˣ for a float or a Vector, without a branch and without a call, to 2 units in the last place. x = n·ln 2
/// + r with |r| ≤ ln 2 / 2; eʳ is a polynomial (Cephes' coefficients, Moshier 1984). Clamped to [-87, 88],
/// outside of which 2ⁿ would leave the exponent's range.
template <class V>
inline V fast_exp(V x) {
  x = clamp(x, -87.0f, 88.0f);
  constexpr float shift = 0x1.8p23f;  // adding and subtracting it rounds to a whole number
  const V n = (x * 1.44269504f + shift) - shift;
  const V r =
      (x - n * 0.693359375f) + n * 2.12194440e-4f;  // ln 2 in two parts: the product n·ln 2 loses no digits
  V p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  return scale_by_power(p, n);
}
// [/exp]

/// GELU's tanh form by one exponential: (1 + tanh u) / 2 = 1 / (1 + e⁻²ᵘ).
struct Gelu {
  Vector value;
  Vector derivative;
};
inline Gelu gelu(Vector x) {
  constexpr float scale = 2 * 0.7978845608f;  // 2·√(2/π)
  const Vector squared = x * x;
  const Vector gate = 1.0f / (1.0f + fast_exp(-scale * x * (1.0f + 0.044715f * squared)));
  return {x * gate, gate + x * gate * (1.0f - gate) * scale * (1.0f + 3 * 0.044715f * squared)};
}

}  // namespace gpt::cpu
