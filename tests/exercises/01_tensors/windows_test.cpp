#include "exercises/01_tensors/windows.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exercises/printing.hpp"

namespace gpt {
namespace {

std::vector<float> values(const Tensor& x) {
  const Tensor dense = x.contiguous();
  return {dense.span<float>().begin(), dense.span<float>().end()};
}

TEST(Windows, HoldAllRunsOfNeighbours) {
  const Tensor w = windows(Tensor::arange({5}), 3);
  ASSERT_EQ(w.shape(), Shape({3, 3})) << "5 numbers have 3 runs of 3: 0 1 2, 1 2 3 and 2 3 4";
  EXPECT_THAT(values(w), testing::ElementsAre(0, 1, 2, 1, 2, 3, 2, 3, 4))
      << "does row 1 begin one element after row 0, or after its end?";
}

TEST(Windows, ShareTheirElements) {
  const Tensor x = Tensor::zeros({4});
  const Tensor w = windows(x, 2);
  w.select(0, 0).fill(7);  // elements 0 and 1
  EXPECT_EQ(x.at<float>({1}), 7) << "writing to a window did not change the vector: is it a copy?";
  EXPECT_EQ(w.at<float>({1, 0}), 7) << "element 1 is in window 0 and in window 1";
}

TEST(Windows, FollowTheStrideOfTheirVector) {
  const Tensor column = Tensor::arange({4, 10}).select(1, 3);  // 3, 13, 23, 33
  EXPECT_THAT(values(windows(column, 2)), testing::ElementsAre(3, 13, 13, 23, 23, 33))
      << "of a column of a matrix: its neighbours lie a row apart";
}

TEST(Windows, OfOneAndOfAll) {
  EXPECT_THAT(values(windows(Tensor::arange({3}), 1)), testing::ElementsAre(0, 1, 2));
  EXPECT_THAT(values(windows(Tensor::arange({3}), 3)), testing::ElementsAre(0, 1, 2));
  EXPECT_EQ(windows(Tensor::arange({3}), 3).shape(), Shape({1, 3}));
}

TEST(Windows, RefuseWhatDoesNotFit) {
  EXPECT_THROW(windows(Tensor::arange({3}), 4), Error)
      << "a window wider than its vector: GPT_CHECK(what must hold, \"a message\") throws an Error";
  EXPECT_THROW(windows(Tensor::arange({3}), 0), Error) << "a window of no elements";
  EXPECT_THROW(windows(Tensor::arange({3, 3}), 2), Error) << "of a matrix: is rank() 1?";
}

}  // namespace
}  // namespace gpt
