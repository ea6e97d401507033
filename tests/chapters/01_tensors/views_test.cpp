// Every view, on random tensors with random strides, against the definition of an element's place.

#include <gtest/gtest.h>

#include <algorithm>

#include "01_tensors/tensor.hpp"
#include "oracle.hpp"

namespace gpt {
namespace {

using oracle::all_indices;
using oracle::element;
using oracle::Index;

constexpr int trials = 400;

/// Checks that element i of `view` is element `source(i)` of `x`, for all i, and that nothing was copied.
template <class F>
void expect_view(const Tensor& view, const Tensor& x, F&& source) {
  EXPECT_EQ(view.storage(), x.storage());
  for (const Index& index : all_indices(view.shape()))
    ASSERT_EQ(element(view, index), element(x, source(index)))
        << to_string(view.shape()) << " of " << to_string(x.shape()) << " with strides "
        << to_string(x.strides());
}

/// Calls f(x, d, negative d) with random tensors that have a dimension, and one of their dimensions in
/// both spellings.
template <class F>
void with_random_dimension(unsigned seed, F&& f) {
  oracle::Dice dice(seed);
  for (int trial = 0; trial < trials; ++trial) {
    const Tensor x = dice.view();
    if (x.rank() == 0) continue;
    const int d = static_cast<int>(dice.roll(0, x.rank() - 1));
    f(dice, x, d, d - x.rank());
  }
}

TEST(Views, TransposeExchangesTwoIndices) {
  with_random_dimension(1, [](oracle::Dice& dice, const Tensor& x, int a, int negative_a) {
    const int b = static_cast<int>(dice.roll(0, x.rank() - 1));
    const auto source = [&](Index i) {
      std::swap(i[static_cast<size_t>(a)], i[static_cast<size_t>(b)]);
      return i;
    };
    expect_view(x.transpose(a, b), x, source);
    expect_view(x.transpose(negative_a, b - x.rank()), x, source);
  });
}

TEST(Views, PermuteSendsDimensionsWhereTheOrderSays) {
  oracle::Dice dice(2);
  for (int trial = 0; trial < trials; ++trial) {
    const Tensor x = Tensor::arange({2, 3, 4}).transpose(static_cast<int>(dice.roll(0, 2)), 1);
    std::vector<int> order{0, 1, 2};
    for (size_t i = 2; i > 0; --i)
      std::swap(order[i], order[static_cast<size_t>(dice.roll(0, static_cast<int64_t>(i)))]);
    const auto source = [&](const Index& i) {
      Index result(3);
      for (size_t d = 0; d < 3; ++d) result[static_cast<size_t>(order[d])] = i[d];
      return result;
    };
    expect_view(x.permute({order[0], order[1], order[2]}), x, source);
    expect_view(x.permute({order[0] - 3, order[1], order[2] - 3}), x, source);
  }
  EXPECT_THROW(Tensor({2, 3}).permute({0, 0}), Error);
  EXPECT_THROW(Tensor({2, 3}).permute({0}), Error);
  EXPECT_THROW(Tensor({2, 3}).permute({0, 2}), Error);
}

TEST(Views, SliceShiftsOneIndex) {
  with_random_dimension(3, [](oracle::Dice& dice, const Tensor& x, int d, int negative) {
    const int64_t from = dice.roll(0, x.size(d)), to = dice.roll(from, x.size(d));
    const auto source = [&](Index i) {
      i[static_cast<size_t>(d)] += from;
      return i;
    };
    EXPECT_EQ(x.slice(d, from, to).size(d), to - from);
    expect_view(x.slice(d, from, to), x, source);
    expect_view(x.slice(negative, from, to), x, source);
    EXPECT_THROW(x.slice(d, from, x.size(d) + 1), Error);
    EXPECT_THROW(x.slice(d, -1, to), Error);
  });
}

TEST(Views, SelectFixesOneIndex) {
  with_random_dimension(4, [](oracle::Dice& dice, const Tensor& x, int d, int negative) {
    EXPECT_THROW(x.select(d, x.size(d)), Error);
    EXPECT_THROW(x.select(d, -1), Error);
    if (x.size(d) == 0) return;
    const int64_t at = dice.roll(0, x.size(d) - 1);
    const auto source = [&](Index i) {
      i.insert(i.begin() + d, at);
      return i;
    };
    EXPECT_EQ(x.select(d, at).shape(), x.shape().without(d));
    expect_view(x.select(d, at), x, source);
    expect_view(x.select(negative, at), x, source);
  });
}

TEST(Views, ExpandRepeatsSizesOfOneAndAddsDimensionsInFront) {
  oracle::Dice dice(5);
  for (int trial = 0; trial < trials; ++trial) {
    const Tensor x = dice.view();
    Shape shape = x.shape();
    for (int d = 0; d < x.rank(); ++d)
      if (shape[d] == 1) shape[d] = dice.roll(0, 3);
    if (dice.roll(0, 1) == 1) shape = shape.with(0, dice.roll(1, 3));
    expect_view(x.expand(shape), x, [&](const Index& i) { return oracle::broadcast_index(i, x.shape()); });
  }
  EXPECT_THROW(Tensor({2, 3}).expand({3, 3}), Error);
  EXPECT_THROW(Tensor({2, 3}).expand({3}), Error);
  EXPECT_THROW(Tensor({2, 3}).expand({1, 3}), Error);
}

/// The strides under which the elements of `x`, in order, have the shape `shape`; nothing when there are
/// none. By definition: the first step along each dimension fixes its stride, and then every element must lie
/// where it does.
std::optional<Shape> strides_by_definition(const Tensor& x, const Shape& shape) {
  const std::vector<Index> old_indices = all_indices(x.shape()), indices = all_indices(shape);
  const Shape place = row_major_strides(shape);
  Shape strides = shape;
  for (int d = 0; d < shape.rank(); ++d)
    strides[d] =
        shape[d] > 1 ? oracle::position(x, old_indices[static_cast<size_t>(place[d])]) - x.offset() : 0;
  for (size_t k = 0; k < indices.size(); ++k) {
    int64_t position = x.offset();
    for (int d = 0; d < shape.rank(); ++d) position += indices[k][static_cast<size_t>(d)] * strides[d];
    if (position != oracle::position(x, old_indices[k])) return std::nullopt;
  }
  return strides;
}

/// All shapes of at most four dimensions with this many elements.
std::vector<Shape> shapes_with(int64_t elements, int dimensions) {
  if (dimensions == 0) return elements == 1 ? std::vector<Shape>{{}} : std::vector<Shape>{};
  std::vector<Shape> result = shapes_with(elements, 0);
  for (int64_t size = 1; size <= elements; ++size)
    if (elements % size == 0)
      for (const Shape& rest : shapes_with(elements / size, dimensions - 1))
        result.push_back(rest.with(0, size));
  return result;
}

TEST(Views, ReshapeKeepsTheOrderAndIsAViewExactlyWhenStridesAllow) {
  oracle::Dice dice(6);
  int views = 0, refusals = 0;
  for (int trial = 0; trial < trials; ++trial) {
    const Tensor x = dice.view(3, 4);
    if (x.elements() == 0) continue;
    const std::vector<Index> order = all_indices(x.shape());
    for (const Shape& shape : shapes_with(x.elements(), 4)) {
      if (!strides_by_definition(x, shape)) {
        EXPECT_NE(oracle::error_of([&] { x.reshape(shape); }).find("call contiguous() first"),
                  std::string::npos);
        ++refusals;
        continue;
      }
      int64_t k = 0;
      const Tensor view = x.reshape(shape);
      ASSERT_EQ(view.shape(), shape);
      expect_view(view, x, [&](const Index&) { return order[static_cast<size_t>(k++)]; });
      ++views;
    }
  }
  EXPECT_GT(views, 1000);
  EXPECT_GT(refusals, 300);
}

TEST(Views, ReshapeNeedsTheSameNumberOfElements) {
  EXPECT_EQ(Tensor({2, 0}).reshape({0, 7}).shape(), (Shape{0, 7}));
  EXPECT_EQ(Tensor::scalar(3).reshape({1, 1}).item(), 3);
  EXPECT_NE(oracle::error_of([] {
              Tensor({2, 3}).reshape({4});
            }).find("reshape of (2, 3) to (4)"),
            std::string::npos);
}

TEST(Views, OfAnyStridesStayInsideTheStorage) {
  const Tensor x = Tensor::arange({3, 3});
  EXPECT_EQ(to_string(x.view({3}, {4}, 0)), "[0, 4, 8]") << "the diagonal";
  EXPECT_EQ(to_string(x.view({3}, {2}, 2)), "[2, 4, 6]") << "the other diagonal";
  EXPECT_EQ(to_string(x.view({9}, {-1}, 8)), "[8, 7, 6, …, 2, 1, 0]") << "backwards";
  EXPECT_EQ(to_string(x.view({2, 8}, {1, 1}, 0).slice(1, 0, 2)), "[[0, 1], [1, 2]]") << "overlapping windows";
  EXPECT_THROW(x.view({3}, {4}, 1), Error);
  EXPECT_THROW(x.view({9}, {-1}, 7), Error);
  EXPECT_THROW(x.view({10}, {1}, 0), Error);
  EXPECT_THROW(x.view({2, 2}, {1}, 0), Error);
  EXPECT_NO_THROW(x.view({0, 100}, {100, 1}, 0)) << "no elements, so none outside";
}

TEST(Views, WritingThroughOneIsSeenThroughAll) {
  const Tensor x = Tensor::zeros({2, 3});
  x.transpose(0, 1).at<float>({2, 1}) = 7;
  EXPECT_EQ(x.at<float>({1, 2}), 7);
  x.select(0, 1).fill(5);
  EXPECT_EQ(to_string(x), "[[0, 0, 0], [5, 5, 5]]");
}

TEST(Views, ContiguousMeansThatTheElementsLieInOrder) {
  oracle::Dice dice(7);
  for (int trial = 0; trial < trials; ++trial) {
    const Tensor x = dice.view();
    bool in_order = true;
    int64_t k = x.offset();
    for (const Index& index : all_indices(x.shape()))
      in_order = in_order && oracle::position(x, index) == k++;
    EXPECT_EQ(x.is_contiguous(), in_order) << to_string(x.shape()) << to_string(x.strides());
    if (!in_order) {
      EXPECT_THROW(x.span<float>(), Error);
    }
  }
}

}  // namespace
}  // namespace gpt
