#pragma once
// Line plots as SVG: pictures that need no program but a browser to look at.

#include <string>
#include <vector>

namespace gpt {

/// One axis: its label, and whether it is logarithmic (then values ≤ 0 are left out of the picture).
struct Axis {
  std::string label;
  bool logarithmic = false;
};

struct PlotPoint {
  double x, y;
};

/// One line. A point that is NaN or infinite breaks it in two.
struct PlotSeries {
  std::string name;
  std::vector<PlotPoint> points;
  bool markers = false;  ///< a dot on every point
  bool dashed = false;
  bool faint = false;  ///< a background for the other lines
  int colour = -1;     ///< 0 … 7; -1: its number in the order of add()
};

/// A picture of one or more lines over common axes. svg() depends on nothing but what was given, so the same
/// data make the same bytes.
class LinePlot {
 public:
  LinePlot(std::string title, Axis x, Axis y)
      : title_(std::move(title)), x_(std::move(x)), y_(std::move(y)) {}

  LinePlot& add(PlotSeries series);
  /// Cuts the y axis to [low, high]; without it, the axis holds all points.
  LinePlot& limit_y(double low, double high);

  /// A dashed line across the picture at x, where it lies within the points.
  LinePlot& mark_x(double x);
  /// Makes it a part of a page, of this size in pixels: without title, legend, background and colours, which
  /// the page has (plot_style()). `id` is no other picture's on that page.
  LinePlot& embed(double width, double height, std::string id);

  /// The whole picture, unless embedded: self-contained, readable on light and on dark pages. Colours follow
  /// the order of add(). A line with many more points than pixels is thinned to the extremes in each pixel
  /// column.
  std::string svg() const;

 private:
  std::string title_;
  Axis x_, y_;
  std::vector<PlotSeries> series_;
  std::vector<double> marks_;
  double low_ = 0.0, high_ = 0.0;  // equal: no limits were given
  double width_ = 800, height_ = 440;
  std::string id_;  // empty: a picture of its own
};

/// Round numbers between `low` and `high`, about `count` of them: steps of 1, 2 or 5 times a power of ten;
/// on a logarithmic axis powers of ten, with 2 and 5 times them where there is room.
std::vector<double> nice_ticks(double low, double high, int count, bool logarithmic = false);

/// The colours of all pictures, for light and dark pages, as the contents of a style element.
std::string plot_style();

/// `text` with the characters that mean something in XML replaced.
std::string escape_xml(const std::string& text);

namespace detail {
/// What every SVG of the book begins with: size, title, colours for light and dark pages, background.
/// Classes: page, grid, frame, line, dashed, s0 … s7 (strokes) and d0 … d7 (fills).
std::string svg_head(const std::string& title, double width, double height);
}  // namespace detail

}  // namespace gpt
