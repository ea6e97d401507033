#include "16_trainer/braille.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace gpt {

BrailleCanvas::BrailleCanvas(int columns, int rows)
    : columns_(std::max(0, columns)),
      rows_(std::max(0, rows)),
      cells_(static_cast<size_t>(columns_) * static_cast<size_t>(rows_)) {}

// [dot]
void BrailleCanvas::dot(int x, int y) {
  if (x < 0 || y < 0 || x >= width() || y >= height()) return;
  // The bit of each dot, by row and column. The fourth row came later to the script, and so to the bits.
  constexpr unsigned char bits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
  cells_[static_cast<size_t>(y / 4 * columns_ + x / 2)] |= bits[y % 4][x % 2];
}
// [/dot]

void BrailleCanvas::line(int x0, int y0, int x1, int y1) {
  const int steps = std::max({std::abs(x1 - x0), std::abs(y1 - y0), 1});
  for (int i = 0; i <= steps; ++i)
    dot(x0 + static_cast<int>(std::lround(static_cast<double>(i) * (x1 - x0) / steps)),
        y0 + static_cast<int>(std::lround(static_cast<double>(i) * (y1 - y0) / steps)));
}

std::string BrailleCanvas::row(int number) const {
  std::string text;
  for (int column = 0; column < columns_; ++column) {
    const unsigned char cell = cells_[static_cast<size_t>(number * columns_ + column)];
    if (cell == 0) {
      text += ' ';
    } else {  // U+2800 + cell, in UTF-8
      text += '\xe2';
      text += static_cast<char>(0xa0 | (cell >> 6));
      text += static_cast<char>(0x80 | (cell & 0x3f));
    }
  }
  return text;
}

void draw_curve(BrailleCanvas& canvas, const std::vector<double>& values, double low, double high) {
  const int columns = canvas.width();
  if (values.empty() || columns == 0 || canvas.height() == 0 || !(high > low)) return;
  int last_x = -1, last_y = 0;
  for (int x = 0; x < columns; ++x) {
    const size_t begin = values.size() * static_cast<size_t>(x) / static_cast<size_t>(columns);
    const size_t end = values.size() * static_cast<size_t>(x + 1) / static_cast<size_t>(columns);
    double sum = 0;
    int count = 0;
    for (size_t i = begin; i < end; ++i)
      if (std::isfinite(values[i])) sum += values[i], ++count;
    if (count == 0) continue;
    const double share = std::clamp((sum / count - low) / (high - low), 0.0, 1.0);
    const int y = static_cast<int>(std::lround((1 - share) * (canvas.height() - 1)));
    if (last_x < 0)
      canvas.dot(x, y);
    else
      canvas.line(last_x, last_y, x, y);
    last_x = x, last_y = y;
  }
}

}  // namespace gpt
