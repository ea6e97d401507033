#include "exercises/01_tensors/diagonal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exercises/printing.hpp"

namespace gpt {
namespace {

std::vector<float> values(const Tensor& x) {
  const Tensor dense = x.contiguous();
  return {dense.span<float>().begin(), dense.span<float>().end()};
}

TEST(Diagonal, HoldsTheElementsWithEqualIndices) {
  const Tensor x = Tensor::arange({3, 3});
  EXPECT_EQ(diagonal(x).shape(), Shape({3}));
  EXPECT_THAT(values(diagonal(x)), testing::ElementsAre(0, 4, 8));
  EXPECT_THAT(values(diagonal(Tensor::full({1, 1}, 7))), testing::ElementsAre(7));
}

TEST(Diagonal, IsAView) {
  const Tensor x = Tensor::zeros({4, 4});
  diagonal(x).fill(1);
  EXPECT_EQ(x.at<float>({2, 2}), 1) << "writing to the diagonal did not change the matrix: is it a copy?";
  EXPECT_EQ(x.at<float>({2, 1}), 0) << "writing to the diagonal changed an element beside it";
}

TEST(Diagonal, FollowsTheStridesOfItsMatrix) {
  const Tensor x = Tensor::arange({4, 4});
  EXPECT_THAT(values(diagonal(x.transpose(0, 1))), testing::ElementsAre(0, 5, 10, 15));
  EXPECT_THAT(values(diagonal(x.slice(0, 1, 3).slice(1, 2, 4))), testing::ElementsAre(6, 11))
      << "of a part of a matrix: does the view begin at the part's offset?";
  EXPECT_THAT(values(diagonal(x.slice(1, 0, 3).slice(0, 0, 3))), testing::ElementsAre(0, 5, 10))
      << "of a part of a matrix: a row of it is longer than it looks; are the steps made of its strides?";
}

TEST(Diagonal, RefusesWhatIsNotSquare) {
  EXPECT_THROW(diagonal(Tensor::zeros({2, 3})), Error)
      << "GPT_CHECK(what must hold, \"a message\") throws an Error: has it as many rows as columns?";
  EXPECT_THROW(diagonal(Tensor::zeros({8})), Error) << "a vector has no rows and columns: is rank() 2?";
}

}  // namespace
}  // namespace gpt
