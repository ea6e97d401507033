#pragma once
// Gradients in fewer bits, and back again: what chapter 13 sends instead of f32. Every function makes one
// pass over memory. x: n f32; n need not be a multiple of anything; pointers are device pointers.

#include "07_cuda_kernels/seam.hpp"

namespace gpt {

/// Elements that share one scale: what a warp holds in registers.
constexpr int64_t int8_block = 256;
constexpr int64_t sign_block = 1024;

constexpr int64_t int8_scales(int64_t n) {
  return (n + int8_block - 1) / int8_block;
}
constexpr int64_t sign_scales(int64_t n) {
  return (n + sign_block - 1) / sign_block;
}
/// Words of 32 signs.
constexpr int64_t sign_words(int64_t n) {
  return (n + 31) / 32;
}

/// Which random numbers round: those of Philox(key, high, i / 4), word i mod 4 for element i (chapter 01).
struct RoundingKey {
  uint64_t key, high;
};
/// Under this seed, in this step, for this tensor or rank.
RoundingKey rounding_key(uint64_t seed, uint64_t step, uint64_t site);

// clang-format off
SIMT_ON_EVERY_MACHINE(
/// To bf16 and to IEEE's half (fp16), rounded to nearest even, and back; `add` adds to x. What is too large for fp16
/// becomes infinite, a NaN remains one.
void pack_bf16(uint16_t* packed, const float* x, int64_t n, Stream stream = nullptr);
void unpack_bf16(float* x, bool add, const uint16_t* packed, int64_t n, Stream stream = nullptr);
void pack_fp16(uint16_t* packed, const float* x, int64_t n, Stream stream = nullptr);
void unpack_fp16(float* x, bool add, const uint16_t* packed, int64_t n, Stream stream = nullptr);

/// packed[i] = ⌊v/scale + u⌋ with a random u in [0, 1), which is v/scale on average (stochastic rounding), and scale
/// = max |v| / 127 of each block of int8_block. v is x, or x + error where `error` is not nullptr; error then
/// becomes what was lost, v - scale · packed (error feedback: Seide and others, 2014). A block with a NaN or an
/// infinity in it decodes to NaNs.
void pack_int8(int8_t* packed, float* scales, const float* x, float* error, int64_t n, const RoundingKey& key,
               Stream stream = nullptr);
/// x[i] = scale · packed[i], or x[i] += … if `add`.
void unpack_int8(float* x, bool add, const int8_t* packed, const float* scales, int64_t n, Stream stream = nullptr);

/// Bit i mod 32 of word i / 32 says whether v is negative (-0 is not), and scales holds the mean of |v| of each block
/// of sign_block. v and error as above.
void pack_signs(uint32_t* words, float* scales, const float* x, float* error, int64_t n, Stream stream = nullptr);
/// x[i] = ± scale, or x[i] += … if `add`.
void unpack_signs(float* x, bool add, const uint32_t* words, const float* scales, int64_t n,
                  Stream stream = nullptr);
)
// clang-format on

}  // namespace gpt
