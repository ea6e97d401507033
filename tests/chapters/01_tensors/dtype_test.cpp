#include "01_tensors/dtype.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace gpt {
namespace {

bf16 from_bits(uint32_t bits) {
  bf16 value;
  value.bits = static_cast<uint16_t>(bits);
  return value;
}

TEST(Bf16, EveryOneOfThe65536SurvivesTheWayToFloatAndBack) {
  for (uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    const auto wide = static_cast<float>(from_bits(bits));
    const bf16 back(wide);
    if (std::isnan(wide))
      ASSERT_EQ(back.bits, 0x7FFF) << "every NaN becomes the same one";
    else
      ASSERT_EQ(back.bits, bits);
  }
}

/// The magnitude that 15 bits of bf16 stand for; infinity counts as the next power of two, as in rounding.
double magnitude(uint32_t bits) {
  return bits == 0x7F80 ? std::ldexp(1.0, 128) : static_cast<double>(static_cast<float>(from_bits(bits)));
}

/// The nearest of the two neighbours, by their distances; the even one of two equally near.
uint32_t nearest_even(float value) {
  const uint32_t word = std::bit_cast<uint32_t>(value), sign = word >> 31 << 15,
                 lower = (word >> 16) & 0x7FFF;
  if (std::isinf(value)) return sign | lower;
  const double x = std::abs(static_cast<double>(value));
  const double down = x - magnitude(lower), up = magnitude(lower + 1) - x;
  if (down != up) return sign | (down < up ? lower : lower + 1);
  return sign | (lower % 2 == 0 ? lower : lower + 1);
}

TEST(Bf16, RoundsToTheNearestAndTiesToEven) {
  for (uint64_t word = 0; word <= 0xFFFFFFFF; word += 1021) {  // four million floats
    const auto value = std::bit_cast<float>(static_cast<uint32_t>(word));
    if (std::isnan(value)) continue;
    ASSERT_EQ(bf16(value).bits, nearest_even(value)) << value;
  }
}

TEST(Bf16, RoundsRightAtEveryMidpointAndBesideIt) {
  for (uint32_t upper = 0; upper <= 0xFFFF; ++upper)
    for (const uint32_t low : {0x0000u, 0x0001u, 0x7FFFu, 0x8000u, 0x8001u, 0xFFFFu}) {
      const auto value = std::bit_cast<float>(upper << 16 | low);
      if (std::isnan(value)) continue;
      ASSERT_EQ(bf16(value).bits, nearest_even(value)) << upper << " " << low;
    }
}

TEST(Bf16, KnowsZerosInfinitiesAndOverflow) {
  EXPECT_EQ(bf16(-0.0f).bits, 0x8000);
  EXPECT_EQ(bf16(std::numeric_limits<float>::infinity()).bits, 0x7F80);
  EXPECT_EQ(bf16(std::numeric_limits<float>::max()).bits, 0x7F80);
  EXPECT_EQ(bf16(-std::numeric_limits<float>::max()).bits, 0xFF80);
  EXPECT_EQ(bf16(std::numeric_limits<float>::denorm_min()).bits, 0);
  EXPECT_EQ(bf16(std::bit_cast<float>(0x7F800001u)).bits, 0x7FFF) << "a NaN must not round to infinity";
}

TEST(DType, SizesAndNamesAndTypesAgree) {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64, DType::i32})
    dispatch(dtype, [&](auto zero) {
      EXPECT_EQ(dtype_of<decltype(zero)>, dtype);
      EXPECT_EQ(size_of(dtype), static_cast<int64_t>(sizeof zero));
    });
  EXPECT_EQ(fmt::format("{} {} {} {}", DType::f32, DType::bf16, DType::f64, DType::i32), "f32 bf16 f64 i32");
}

TEST(DType, RealOperationsRefuseOtherTypesByName) {
  try {
    dispatch_real(DType::i32, "softmax", [](auto) {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("softmax takes f32 or f64, not i32"), std::string::npos);
  }
}

}  // namespace
}  // namespace gpt
