#pragma once
// The sizes of a tensor's dimensions.

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

#include "common/check.hpp"

namespace gpt {

/// Up to six sizes, outermost first: (B, T, C). Rank 0 is a scalar with one element.
/// Strides, counted in elements, are kept in the same type.
class Shape {
 public:
  static constexpr int max_rank = 6;

  Shape() = default;
  Shape(std::initializer_list<int64_t> sizes) : Shape(std::span(sizes.begin(), sizes.size())) {}
  explicit Shape(std::span<const int64_t> sizes) : rank_(static_cast<int>(sizes.size())) {
    GPT_CHECK(rank_ <= max_rank, "a tensor has at most {} dimensions, got {}", max_rank, rank_);
    std::copy(sizes.begin(), sizes.end(), sizes_.begin());
  }

  int rank() const { return rank_; }
  /// The size of dimension `i`; a negative `i` counts from the end, as -1 for the innermost.
  int64_t operator[](int i) const { return sizes_[static_cast<size_t>(index(i))]; }
  int64_t& operator[](int i) { return sizes_[static_cast<size_t>(index(i))]; }
  const int64_t* begin() const { return sizes_.data(); }
  const int64_t* end() const { return sizes_.data() + rank_; }

  /// The number of elements: the product of all sizes.
  int64_t elements() const {
    int64_t product = 1;
    for (const int64_t size : *this) product *= size;
    return product;
  }
  bool operator==(const Shape& other) const { return std::equal(begin(), end(), other.begin(), other.end()); }

  /// `i` with negative values resolved; throws Error when there is no such dimension.
  int index(int i) const {
    const int resolved = i < 0 ? i + rank_ : i;
    GPT_CHECK(resolved >= 0 && resolved < rank_, "dimension {} of a tensor of rank {}", i, rank_);
    return resolved;
  }
  /// The shape without dimension `i`, or with `size` inserted before it.
  Shape without(int i) const;
  Shape with(int i, int64_t size) const;

 private:
  std::array<int64_t, max_rank> sizes_{};
  int rank_ = 0;
};

/// "(2, 3)"; "()" for a scalar.
std::string to_string(const Shape& shape);

/// The strides of a dense row-major tensor: the innermost is 1, each other the product of
/// the sizes inside it.
Shape row_major_strides(const Shape& shape);

/// The shape that `a` and `b` broadcast to, by NumPy's rule: aligned at the innermost dimension, sizes must
/// be equal or one of them 1. Throws Error when they do not fit.
Shape broadcast_shapes(const Shape& a, const Shape& b);

}  // namespace gpt

template <>
struct fmt::formatter<gpt::Shape> : fmt::formatter<std::string> {
  auto format(const gpt::Shape& shape, fmt::format_context& context) const {
    return fmt::formatter<std::string>::format(gpt::to_string(shape), context);
  }
};
