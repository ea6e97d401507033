#pragma once
// The ring, step by step: as text for a terminal, and as a strip of pictures.

#include <string>
#include <vector>

namespace gpt {

/// A moment of a ring all-reduce among p ranks, each with a row of p chunks of one number.
struct RingFrame {
  std::string title;
  std::vector<std::vector<double>> values;  ///< [rank][chunk]
  std::vector<std::vector<int>> terms;      ///< [rank][chunk]: how many ranks' numbers are in it; p when done
  std::vector<int> leaving;  ///< [rank]: the chunk that goes to the right neighbour next; empty at the end
};

/// The beginning, then the state after each of the 2(p-1) steps. rows[r]: the p numbers of rank r. Throws
/// Error unless all rows are as long as there are rows.
std::vector<RingFrame> ring_frames(const std::vector<std::vector<double>>& rows);

/// Rank r's row in the pictures of the lesson: 0.1 (r+1) times 1, 2, …, p.
std::vector<std::vector<double>> ring_example(int ranks);

/// A line for each rank in each frame: "→" behind the number that leaves next, brackets around the sums over
/// all ranks. 20 + 9p characters wide.
std::string ring_text(const std::vector<RingFrame>& frames);

/// Above, the reduce-scatter; below, the all-gather. A column for each rank, arrows for what leaves next, and
/// the deeper the colour, the more ranks' numbers are in a sum. Readable on light and on dark pages.
std::string ring_svg(const std::vector<RingFrame>& frames);

}  // namespace gpt
