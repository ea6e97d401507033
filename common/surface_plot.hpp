#pragma once
// Functions of two variables as SVG: a coloured surface, with points and paths on it.

#include <functional>
#include <string>
#include <vector>

#include "common/plot.hpp"

namespace gpt {

/// One picture: the function's values on a square grid, and what is drawn over it.
struct SurfacePanel {
  std::string title;
  double x_from, x_to, y_from, y_to;
  int cells = 64;  ///< along each side
  /// At (x, y), from -1 (the first colour) through 0 (the page's) to 1 (the second colour).
  std::function<double(double x, double y)> value;
  struct Dots {
    bool second_colour;
    std::vector<PlotPoint> points;
  };
  std::vector<Dots> dots = {};
  std::vector<PlotSeries> paths = {};
};

/// The panels side by side, self-contained, readable on light and on dark pages. The names of the paths,
/// taken from the first panel, make a legend below.
std::string surface_svg(const std::string& title, const std::vector<SurfacePanel>& panels);

/// The surface as text, `columns` wide and half as many lines high: five shades from -1 to 1.
std::string surface_text(const SurfacePanel& panel, int columns, const std::string& indent = "");

}  // namespace gpt
