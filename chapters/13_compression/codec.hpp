#pragma once
// Rows of f32 in fewer bytes.

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "07_cuda_kernels/compress.hpp"

namespace gpt {

// [codec]
/// A code whose size depends on the number of values alone, so that ranks need not tell each other how much
/// will come. The formats are those of chapter 07's kernels, bit for bit; and there are codecs that call
/// them, for spans in the memory of a device (workshop.hpp).
class Codec {
 public:
  virtual ~Codec() = default;
  virtual std::string_view name() const = 0;
  /// Bytes of the code of n values; a multiple of 4.
  virtual int64_t bytes(int64_t n) const = 0;
  /// Encodes v, which is `values`, or values + error where `error` is not empty; then `error` becomes v minus
  /// what the code says. `key` chooses the random numbers, where some are needed. NaN and infinity decode to
  /// something that is not finite, in int8 and sign for their whole block.
  virtual void encode(std::span<std::byte> code, std::span<const float> values, std::span<float> error,
                      const RoundingKey& key) const = 0;
  /// values = what the code says, or += if `add`.
  virtual void decode(std::span<float> values, std::span<const std::byte> code, bool add) const = 0;
};
// [/codec]

/// 2 bytes each: the exponent of f32 and 8 bits of fraction, or IEEE's half with 11 bits and a small range.
/// Rounded to the nearest, ties to even.
std::unique_ptr<Codec> make_bf16_codec();
std::unique_ptr<Codec> make_fp16_codec();
/// 1 byte each, and 4 for each block of int8_block: stochastic rounding to 255 steps (Alistarh and others,
/// "QSGD", 2017, with the largest element for a norm).
std::unique_ptr<Codec> make_int8_codec();
/// 1 bit each, and 4 bytes for each block of sign_block: the sign, and the mean size (Seide and others, 2014;
/// Karimireddy and others, 2019). The code is biased: without an error memory it may lead astray.
std::unique_ptr<Codec> make_sign_codec();

}  // namespace gpt
