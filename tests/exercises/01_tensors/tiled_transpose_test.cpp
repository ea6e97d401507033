#include "exercises/01_tensors/tiled_transpose.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>

#include "tests/exercises/printing.hpp"

namespace gpt {
namespace {

void expect_transposed(int64_t m, int64_t n, int64_t tile) {
  const Tensor x = Tensor::arange({m, n}), y = tiled_transpose(x, tile);
  ASSERT_EQ(y.shape(), Shape({n, m})) << "the transpose of a matrix of shape " << m << ", " << n;
  ASSERT_TRUE(y.is_contiguous()) << "a copy is wanted, dense, not a view";
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j)
      ASSERT_EQ((y.at<float>({j, i})), (x.at<float>({i, j})))
          << "element (" << j << ", " << i << ") of the transpose of (" << m << ", " << n << ") in tiles of "
          << tile
          << ". How long is a row of the result? And where m or n is no multiple of the tile, do the last "
             "tiles end in time?";
}

TEST(TiledTranspose, OfWholeTiles) {
  expect_transposed(32, 32, 16);
  expect_transposed(16, 64, 16);
}
TEST(TiledTranspose, WhereTheLastTilesAreCutOff) {
  expect_transposed(17, 5, 4);
  expect_transposed(3, 50, 16);
  expect_transposed(1, 1, 16);
  expect_transposed(7, 3, 1);
}
TEST(TiledTranspose, OfNothing) {
  EXPECT_EQ(tiled_transpose(Tensor({0, 3}), 16).shape(), Shape({3, 0}));
}

TEST(TiledTranspose, IsMeasured) {  // a figure for you; nothing is required
  const Tensor x = Tensor::zeros({1024, 1024});
  const auto milliseconds = [](auto&& f) {
    const auto begin = std::chrono::steady_clock::now();
    f();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  };
  tiled_transpose(x, 16);
  const double plain = milliseconds([&] { x.transpose(0, 1).clone(); });
  const double tiled = milliseconds([&] { tiled_transpose(x, 16); });
  std::printf("      1024 x 1024: transpose().clone() %.0f ms, in tiles %.0f ms\n", plain, tiled);
}

}  // namespace
}  // namespace gpt
