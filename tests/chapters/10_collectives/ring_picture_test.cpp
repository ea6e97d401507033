#include "10_collectives/ring_picture.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/check.hpp"
#include "common/table.hpp"

namespace gpt {
namespace {

TEST(RingPicture, EndsWithTheSumsEverywhere) {
  for (int ranks = 1; ranks <= 8; ++ranks) {
    SCOPED_TRACE(ranks);
    const auto rows = ring_example(ranks);
    const auto frames = ring_frames(rows);
    ASSERT_EQ(frames.size(), static_cast<size_t>(2 * (ranks - 1) + 1));
    for (size_t rank = 0; rank < rows.size(); ++rank)
      for (size_t chunk = 0; chunk < rows.size(); ++chunk) {
        double sum = 0;
        for (const auto& row : rows) sum += row[chunk];
        EXPECT_NEAR(frames.back().values[rank][chunk], sum, 1e-12);
        EXPECT_EQ(frames.back().terms[rank][chunk], ranks);
      }
    EXPECT_TRUE(frames.back().leaving.empty());
  }
}

TEST(RingPicture, EachStepChangesOneChunkOfEachRank) {
  const auto frames = ring_frames(ring_example(5));
  for (size_t step = 0; step + 1 < frames.size(); ++step)
    for (size_t rank = 0; rank < 5; ++rank)
      for (size_t chunk = 0; chunk < 5; ++chunk) {
        const size_t left = (rank + 4) % 5;
        const bool arrives = frames[step].leaving[left] == static_cast<int>(chunk);
        EXPECT_EQ(frames[step + 1].values[rank][chunk] != frames[step].values[rank][chunk], arrives);
      }
}

TEST(RingPicture, AfterTheReduceScatterEachRankHasOneSum) {
  for (int ranks = 2; ranks <= 8; ++ranks) {
    const RingFrame middle = ring_frames(ring_example(ranks))[static_cast<size_t>(ranks - 1)];
    for (int rank = 0; rank < ranks; ++rank) {
      const auto& terms = middle.terms[static_cast<size_t>(rank)];
      EXPECT_EQ(std::count(terms.begin(), terms.end(), ranks), 1);
      EXPECT_EQ(terms[static_cast<size_t>((rank + 1) % ranks)], ranks);
    }
  }
}

TEST(RingPicture, TextShowsWhatLeavesAndWhatIsDone) {
  EXPECT_EQ(ring_text(ring_frames({{1, 2}, {3, 4}})),
            "                      chunk 0  chunk 1\n"
            "start          rank 0   1.0  →   2.0\n"
            "               rank 1   3.0      4.0  →\n"
            "\n"
            "step 1: add    rank 0   1.0     [6.0] →\n"
            "               rank 1  [4.0] →   4.0\n"
            "\n"
            "step 2: store  rank 0  [4.0]    [6.0]\n"
            "               rank 1  [4.0]    [6.0]\n");
}

TEST(RingPicture, TextFitsATerminal) {
  const std::string text = ring_text(ring_frames(ring_example(8)));
  for (size_t start = 0; start < text.size();) {
    const size_t end = text.find('\n', start);
    EXPECT_LE(display_width(std::string_view(text).substr(start, end - start)), 100);
    start = end + 1;
  }
}

TEST(RingPicture, SvgHasACellForEachChunkOfEachFrame) {
  const std::string svg = ring_svg(ring_frames(ring_example(3)));
  size_t cells = 0;
  for (size_t at = svg.find("class=\"cell"); at != std::string::npos; at = svg.find("class=\"cell", at + 1))
    ++cells;
  EXPECT_EQ(cells, 5u * 9);
  EXPECT_NE(svg.find("prefers-color-scheme: dark"), std::string::npos);
  EXPECT_EQ(svg.substr(svg.size() - 7), "</svg>\n");
}

TEST(RingPicture, RefusesRowsOfAnotherLength) {
  EXPECT_THROW(ring_frames({{1, 2, 3}, {4, 5, 6}}), Error);
}

}  // namespace
}  // namespace gpt
