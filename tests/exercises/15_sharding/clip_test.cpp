#include "exercises/15_sharding/clip.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace gpt {
namespace {

TEST(ClipSlice, TheNormIsThatOfTheWhole) {
  run_threads(2, [](Communicator& communicator) {  // (3, 4)
    const Tensor slice = Tensor::full({1}, 3.0 + communicator.rank());
    EXPECT_NEAR(clip_slice(communicator, slice, 100), 5.0, 1e-6)
        << "of (3, 4); 7 is 3 + 4: squares add up, norms do not. 3 or 4 is the norm of one slice, and with "
           "it "
        << "each rank by another factor would shorten its slice";
    EXPECT_FLOAT_EQ(slice.at<float>({0}), 3.0f + static_cast<float>(communicator.rank()))
        << "a gradient that is short enough is not touched";
  });
}

TEST(ClipSlice, TheWholeIsShortenedByOneFactor) {
  run_threads(2, [](Communicator& communicator) {
    const float before = 3.0f + static_cast<float>(communicator.rank());
    const Tensor slice = Tensor::full({1}, before);
    EXPECT_NEAR(clip_slice(communicator, slice, 1), 5.0, 1e-6) << "the norm it had, not the one it has";
    EXPECT_FLOAT_EQ(slice.at<float>({0}), before / 5)
        << "(3, 4) of length 5 becomes (0.6, 0.8) of length 1: another direction is another step";
  });
}

TEST(ClipSlice, SlicesOfAnyLengthAndNone) {
  run_threads(4, [](Communicator& communicator) {
    const Tensor slice = Tensor::full({5 * communicator.rank()}, 2.0);  // 0 + 5 + 10 + 15 elements of 2
    EXPECT_NEAR(clip_slice(communicator, slice, 1), std::sqrt(30.0 * 4), 1e-5);
    for (const float g : slice.span<float>()) EXPECT_NEAR(g, 2 / std::sqrt(120.0), 1e-6);
  });
}

TEST(ClipSlice, LargeAndSmallNumbers) {
  run_threads(2, [](Communicator& communicator) {
    const Tensor large = Tensor::full({2}, 1e30);
    EXPECT_NEAR(clip_slice(communicator, large, 1) / 2e30, 1.0, 1e-6)
        << "the square of 1e30 is too large for a float: which type do you sum in?";
    EXPECT_NEAR(large.at<float>({1}), 0.5f, 1e-6);
    const Tensor small = Tensor::full({2}, 1e-6);
    clip_slice(communicator, small, 1e-6);
    EXPECT_NEAR(small.at<float>({1}) * 1e6, 0.5f, 1e-4)
        << "millionths of 0.5. The factor is max_norm / norm, and nothing has to be added to a norm above "
           "max_norm";
  });
}

TEST(ClipSlice, ZeroStaysZero) {
  run_threads(2, [](Communicator& communicator) {
    const Tensor slice = Tensor::zeros({3});
    EXPECT_EQ(clip_slice(communicator, slice, 1), 0.0);
    EXPECT_EQ(slice.at<float>({0}), 0.0f) << "0 / 0 is no number";
  });
}

}  // namespace
}  // namespace gpt
