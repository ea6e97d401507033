#pragma once
// The element types of a tensor.

#include <bit>
#include <concepts>
#include <cstdint>
#include <string_view>

#include "common/check.hpp"

namespace gpt {

enum class DType : uint8_t {
  f32,   ///< the type of training: weights, activations, gradients
  bf16,  ///< half the bytes: the 8-bit exponent of f32, and only 7 bits of fraction
  f64,   ///< for gradient checks, where f32 would drown the difference in rounding
  i32,   ///< token ids
};

// [bf16]
/// bfloat16: the upper half of a float. Conversion rounds to nearest, ties to even, and makes every NaN the
/// same one, 0x7FFF: bit for bit what NVIDIA's GPUs do.
struct bf16 {
  uint16_t bits = 0;

  bf16() = default;
  explicit bf16(float value) {
    const uint32_t word = std::bit_cast<uint32_t>(value);
    const uint32_t rounded = (word + 0x7FFF + ((word >> 16) & 1)) >> 16;
    const bool is_nan = (word & 0x7FFFFFFF) > 0x7F800000;  // rounding could carry a NaN over to infinity
    bits = static_cast<uint16_t>(is_nan ? 0x7FFF : rounded);
  }
  explicit operator float() const { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }
};
// [/bf16]

/// The C++ types that a tensor's elements may have.
template <class T>
concept Element =
    std::same_as<T, float> || std::same_as<T, bf16> || std::same_as<T, double> || std::same_as<T, int32_t>;

/// The DType of a C++ type.
template <Element T>
inline constexpr DType dtype_of = DType::f32;
template <>
inline constexpr DType dtype_of<bf16> = DType::bf16;
template <>
inline constexpr DType dtype_of<double> = DType::f64;
template <>
inline constexpr DType dtype_of<int32_t> = DType::i32;

/// Bytes per element.
constexpr int64_t size_of(DType dtype) {
  switch (dtype) {
    case DType::bf16:
      return 2;
    case DType::f64:
      return 8;
    case DType::f32:
    case DType::i32:
      break;
  }
  return 4;
}

constexpr std::string_view name_of(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return "f32";
    case DType::bf16:
      return "bf16";
    case DType::f64:
      return "f64";
    case DType::i32:
      return "i32";
  }
  return "?";
}

// [dispatch]
/// Calls `f` with a value of the C++ type that stands for `dtype`:
/// dispatch(t.dtype(), [&](auto zero) { using T = decltype(zero); … }).
template <class F>
decltype(auto) dispatch(DType dtype, F&& f) {
  switch (dtype) {
    case DType::f32:
      return f(float{});
    case DType::bf16:
      return f(bf16{});
    case DType::f64:
      return f(double{});
    case DType::i32:
      return f(int32_t{});
  }
  detail::check_failed(__FILE__, __LINE__, "dtype", "unknown dtype");
}

/// The same for f32 and f64 alone; throws Error for the other types, naming `operation`.
template <class F>
decltype(auto) dispatch_real(DType dtype, std::string_view operation, F&& f) {
  GPT_CHECK(dtype == DType::f32 || dtype == DType::f64, "{} takes f32 or f64, not {}", operation,
            name_of(dtype));
  return dtype == DType::f32 ? f(float{}) : f(double{});
}
// [/dispatch]

}  // namespace gpt

template <>
struct fmt::formatter<gpt::DType> : fmt::formatter<std::string_view> {
  auto format(gpt::DType dtype, fmt::format_context& context) const {
    return fmt::formatter<std::string_view>::format(gpt::name_of(dtype), context);
  }
};
