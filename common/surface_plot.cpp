#include "common/surface_plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace gpt {
namespace {

constexpr double side = 250, gap = 16, margin = 16, top = 62;
constexpr int levels = 8;  // shades of each colour

// Paths take the colours of line plots; the surface has two of its own.
constexpr const char* surface_style = R"(<style>
  .cold { fill: #2563eb; }  .warm { fill: #e8590c; }  .dot-cold { fill: #1d4ed8; }  .dot-warm { fill: #c2410c; }
  .dot { stroke: #ffffff; stroke-width: 0.8; }
  @media (prefers-color-scheme: dark) {
    .cold { fill: #4f8df9; }  .warm { fill: #ff8c42; }  .dot-cold { fill: #9cc3ff; }  .dot-warm { fill: #ffc39e; }
    .dot { stroke: #0d1117; }
  }
</style>
)";

/// The centre of cell `i` of `n` between two values.
double centre(int i, int n, double from, double to) {
  return from + (to - from) * (i + 0.5) / n;
}

/// From -levels to levels.
int level_of(double value) {
  return static_cast<int>(std::lround(std::clamp(value, -1.0, 1.0) * levels));
}

/// One path for all cells of a level: runs of equal cells in a row become one rectangle.
std::string cells_of(const SurfacePanel& panel) {
  const int n = panel.cells;
  std::map<int, std::string> paths;
  for (int row = 0; row < n; ++row) {
    const double y = centre(row, n, panel.y_to, panel.y_from);
    const auto level = [&](int column) {
      return level_of(panel.value(centre(column, n, panel.x_from, panel.x_to), y));
    };
    int start = 0, current = level(0);
    for (int column = 1; column <= n; ++column) {
      const int next = column < n ? level(column) : levels + 1;
      if (next == current) continue;
      if (current != 0)
        paths[current] += fmt::format("M{} {}h{}v1h{}z", start, row, column - start, start - column);
      start = column;
      current = next;
    }
  }
  std::string out = fmt::format("<g transform=\"scale({:.4f})\" shape-rendering=\"crispEdges\">\n", side / n);
  for (const auto& [level, path] : paths)
    out += fmt::format("<path class=\"{}\" fill-opacity=\"{:.2f}\" d=\"{}\"/>\n", level < 0 ? "cold" : "warm",
                       0.7 * std::abs(level) / levels, path);
  return out + "</g>\n";
}

std::string panel_svg(const SurfacePanel& panel, size_t number) {
  const auto x = [&](double v) { return (v - panel.x_from) / (panel.x_to - panel.x_from) * side; };
  const auto y = [&](double v) { return (panel.y_to - v) / (panel.y_to - panel.y_from) * side; };
  std::string out = fmt::format("<g transform=\"translate({:.0f} {:.0f})\">\n",
                                margin + static_cast<double>(number) * (side + gap), top);
  out += fmt::format("<text x=\"{:.0f}\" y=\"-9\" text-anchor=\"middle\">{}</text>\n", side / 2,
                     escape_xml(panel.title));
  out += fmt::format(
      "<clipPath id=\"panel{0}\"><rect width=\"{1}\" height=\"{1}\"/></clipPath>\n<g "
      "clip-path=\"url(#panel{0})\">\n",
      number, side);
  out += cells_of(panel);
  for (const SurfacePanel::Dots& dots : panel.dots) {
    out += fmt::format("<g class=\"dot {}\">", dots.second_colour ? "dot-warm" : "dot-cold");
    for (const PlotPoint& p : dots.points)
      out += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.6\"/>", x(p.x), y(p.y));
    out += "</g>\n";
  }
  for (size_t i = 0; i < panel.paths.size(); ++i) {
    std::string path;
    for (const PlotPoint& p : panel.paths[i].points)
      path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : " ", x(p.x), y(p.y));
    out += fmt::format("<path class=\"line s{}{}\" d=\"{}\"/>\n", i % 8,
                       panel.paths[i].dashed ? " dashed" : "", path);
  }
  return out + fmt::format("</g>\n<rect class=\"frame\" width=\"{0}\" height=\"{0}\"/>\n</g>\n", side);
}

}  // namespace

std::string surface_svg(const std::string& title, const std::vector<SurfacePanel>& panels) {
  const auto count = static_cast<double>(panels.size());
  const double width = 2 * margin + count * side + (count - 1) * gap;
  const bool legend =
      !panels.empty() && !panels.front().paths.empty() && !panels.front().paths[0].name.empty();
  const double height = top + side + margin + (legend ? 26 : 0);
  std::string out = detail::svg_head(title, width, height) + surface_style;
  for (size_t i = 0; i < panels.size(); ++i) out += panel_svg(panels[i], i);
  if (legend) {
    double x = margin;
    for (size_t i = 0; i < panels.front().paths.size(); ++i) {
      const std::string& name = panels.front().paths[i].name;
      out += fmt::format(
          "<path class=\"line s{}\" d=\"M{:.0f} {:.0f} h18\"/><text x=\"{:.0f}\" y=\"{:.0f}\">{}</text>\n",
          i % 8, x, height - 20, x + 24, height - 15.5, escape_xml(name));
      x += 48 + 8.0 * static_cast<double>(name.size());
    }
  }
  return out + "</svg>\n";
}

std::string surface_text(const SurfacePanel& panel, int columns, const std::string& indent) {
  constexpr std::array shades{"·", "░", "▒", "▓", "█"};
  std::string out;
  for (int row = 0; row < columns / 2; ++row) {
    out += indent;
    for (int column = 0; column < columns; ++column) {
      const double value = panel.value(centre(column, columns, panel.x_from, panel.x_to),
                                       centre(row, columns / 2, panel.y_to, panel.y_from));
      out += shades[static_cast<size_t>(std::lround((std::clamp(value, -1.0, 1.0) + 1.0) * 2.0))];
    }
    out += '\n';
  }
  return out;
}

}  // namespace gpt
