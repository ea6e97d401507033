#include "01_tensors/shape.hpp"

#include <fmt/ranges.h>

namespace gpt {

Shape Shape::without(int i) const {
  i = index(i);
  Shape result;
  for (int d = 0; d < rank_; ++d)
    if (d != i) result.sizes_[static_cast<size_t>(result.rank_++)] = (*this)[d];
  return result;
}

Shape Shape::with(int i, int64_t size) const {
  GPT_CHECK(rank_ < max_rank, "a tensor has at most {} dimensions", max_rank);
  GPT_CHECK(i >= 0 && i <= rank_, "inserting dimension {} into a tensor of rank {}", i, rank_);
  Shape result = *this;
  std::copy_backward(result.sizes_.begin() + i, result.sizes_.begin() + rank_,
                     result.sizes_.begin() + rank_ + 1);
  result.sizes_[static_cast<size_t>(i)] = size;
  ++result.rank_;
  return result;
}

std::string to_string(const Shape& shape) {
  return fmt::format("({})", fmt::join(shape.begin(), shape.end(), ", "));
}

// [strides]
Shape row_major_strides(const Shape& shape) {
  Shape strides = shape;
  int64_t stride = 1;
  for (int d = shape.rank() - 1; d >= 0; --d) {
    strides[d] = stride;
    stride *= shape[d];
  }
  return strides;
}
// [/strides]

// [broadcast]
Shape broadcast_shapes(const Shape& a, const Shape& b) {
  Shape result = a.rank() >= b.rank() ? a : b;
  for (int d = 1; d <= std::min(a.rank(), b.rank()); ++d) {
    GPT_CHECK(a[-d] == b[-d] || a[-d] == 1 || b[-d] == 1, "shapes {} and {} do not broadcast", a, b);
    result[-d] = a[-d] == 1 ? b[-d] : a[-d];
  }
  return result;
}
// [/broadcast]

}  // namespace gpt
