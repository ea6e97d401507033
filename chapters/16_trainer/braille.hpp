#pragma once
// Lines drawn in the characters of a terminal, eight dots to a character.

#include <string>
#include <vector>

namespace gpt {

/// A picture of `columns` × `rows` characters. Each is one of Unicode's 256 braille patterns, U+2800 and up,
/// two dots wide and four high; dot (x, y) counts from the upper left corner.
class BrailleCanvas {
 public:
  BrailleCanvas(int columns, int rows);

  int width() const { return 2 * columns_; }  ///< in dots
  int height() const { return 4 * rows_; }
  /// Sets a dot; outside of the picture nothing happens.
  void dot(int x, int y);
  /// Sets the dots on the straight line between two.
  void line(int x0, int y0, int x1, int y1);
  /// One row of characters, in UTF-8; blanks where no dot is set.
  std::string row(int number) const;

 private:
  int columns_, rows_;
  std::vector<unsigned char> cells_;
};

/// `values` as a line that fills the canvas: for each column of dots the mean of the values that fall into
/// it. What is no number is left out.
void draw_curve(BrailleCanvas& canvas, const std::vector<double>& values, double low, double high);

}  // namespace gpt
