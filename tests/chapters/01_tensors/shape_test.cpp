#include "01_tensors/shape.hpp"

#include <gtest/gtest.h>

#include "oracle.hpp"

namespace gpt {
namespace {

TEST(Shape, NegativeDimensionsCountFromTheEnd) {
  const Shape shape{2, 3, 4};
  EXPECT_EQ(shape[-1], 4);
  EXPECT_EQ(shape[-3], 2);
  EXPECT_THROW(shape[3], Error);
  EXPECT_THROW(shape[-4], Error);
  EXPECT_EQ(shape.without(-1), (Shape{2, 3}));
  EXPECT_EQ(shape.with(1, 9), (Shape{2, 9, 3, 4}));
  EXPECT_EQ(shape.with(3, 9), (Shape{2, 3, 4, 9}));
}

TEST(Shape, AScalarHasOneElementAndAZeroSizeNone) {
  EXPECT_EQ(Shape().elements(), 1);
  EXPECT_EQ((Shape{3, 0, 2}).elements(), 0);
  EXPECT_EQ(to_string(Shape{}), "()");
  EXPECT_EQ(to_string(Shape{2, 3}), "(2, 3)");
}

TEST(Shape, HasAtMostSixDimensions) {
  EXPECT_NO_THROW((Shape{1, 1, 1, 1, 1, 1}));
  EXPECT_THROW((Shape{1, 1, 1, 1, 1, 1, 1}), Error);
  EXPECT_THROW((Shape{1, 1, 1, 1, 1, 1}).with(0, 1), Error);
}

TEST(Shape, RowMajorStridesNumberTheElementsInOrder) {
  oracle::Dice dice(1);
  for (int trial = 0; trial < 200; ++trial) {
    const Shape shape = dice.shape(5, 4), strides = row_major_strides(shape);
    int64_t expected = 0;
    for (const oracle::Index& index : oracle::all_indices(shape)) {
      int64_t position = 0;
      for (int d = 0; d < shape.rank(); ++d) position += index[static_cast<size_t>(d)] * strides[d];
      ASSERT_EQ(position, expected++) << to_string(shape);
    }
  }
}

TEST(Broadcasting, FollowsNumPysRule) {
  EXPECT_EQ(broadcast_shapes({2, 1, 4}, {3, 1}), (Shape{2, 3, 4}));
  EXPECT_EQ(broadcast_shapes({}, {5}), (Shape{5}));
  EXPECT_EQ(broadcast_shapes({1}, {0}), (Shape{0}));
  EXPECT_EQ(oracle::error_of([] {
              broadcast_shapes({2, 3}, {2});
            }).find("shapes (2, 3) and (2) do not broadcast") == std::string::npos,
            false);
  EXPECT_THROW(broadcast_shapes({2}, {0}), Error);
}

TEST(Broadcasting, OfRandomShapesIsTheRuleAppliedToShapesFilledUpWithOnes) {
  oracle::Dice dice(2);
  for (int trial = 0; trial < 2000; ++trial) {
    const Shape a = dice.shape(4, 3), b = dice.shape(4, 3);
    const int rank = std::max(a.rank(), b.rank());
    std::vector<int64_t> expected;
    bool fits = true;
    for (int d = 0; d < rank; ++d) {
      const int from_end = rank - d;
      const int64_t left = from_end <= a.rank() ? a[-from_end] : 1,
                    right = from_end <= b.rank() ? b[-from_end] : 1;
      fits = fits && (left == right || left == 1 || right == 1);
      expected.push_back(left == 1 ? right : left);
    }
    if (fits) {
      EXPECT_EQ(broadcast_shapes(a, b), Shape(expected)) << to_string(a) << to_string(b);
    } else {
      EXPECT_THROW(broadcast_shapes(a, b), Error) << to_string(a) << to_string(b);
    }
  }
}

}  // namespace
}  // namespace gpt
