#include "common/gantt.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/plot.hpp"
#include "common/table.hpp"

namespace gpt {
namespace {

constexpr double width = 860, left = 150, right = width - 20, lane_height = 26, panel_gap = 34;

double latest(const std::vector<GanttPanel>& panels) {
  double end = 0;
  for (const GanttPanel& panel : panels)
    for (const GanttLane& lane : panel.lanes)
      for (const GanttBar& bar : lane.bars) end = std::max(end, bar.to);
  return end > 0 ? end : 1;
}

}  // namespace

std::string gantt_svg(const std::string& title, const std::string& axis,
                      const std::vector<GanttPanel>& panels) {
  const double end = latest(panels);
  const auto x = [&](double time) { return left + time / end * (right - left); };
  std::string grid, body;
  double y = 44;
  for (const GanttPanel& panel : panels) {
    y += panel_gap - 12;
    body += fmt::format("<text x=\"{:.0f}\" y=\"{:.0f}\" font-weight=\"600\">{}</text>\n", left, y,
                        escape_xml(panel.title));
    y += 8;
    for (const GanttLane& lane : panel.lanes) {
      body += fmt::format("<text x=\"{:.0f}\" y=\"{:.0f}\" text-anchor=\"end\">{}</text>\n", left - 10,
                          y + 17, escape_xml(lane.name));
      for (const GanttBar& bar : lane.bars) {
        const double from = x(bar.from), length = std::max(0.5, x(bar.to) - from);
        body += fmt::format(
            "<rect class=\"d{0} s{0}\" fill-opacity=\"0.3\" x=\"{1:.1f}\" y=\"{2:.0f}\" width=\"{3:.1f}\" "
            "height=\"{4:.0f}\"/>\n",
            bar.colour % 8, from, y + 2, length, lane_height - 4);
        if (length > 4 + 6.2 * display_width(bar.label))
          body += fmt::format(
              "<text x=\"{:.1f}\" y=\"{:.0f}\" text-anchor=\"middle\" font-size=\"11\">{}</text>\n",
              from + length / 2, y + 17, escape_xml(bar.label));
      }
      y += lane_height;
    }
  }
  for (const double tick : nice_ticks(0, end, 9)) {
    grid += fmt::format("<path class=\"grid\" d=\"M{0:.1f} 50 V{1:.0f}\"/>\n", x(tick), y + 6);
    body += fmt::format("<text x=\"{:.1f}\" y=\"{:.0f}\" text-anchor=\"middle\">{:g}</text>\n", x(tick),
                        y + 22, tick);
  }
  body += fmt::format("<text x=\"{:.0f}\" y=\"{:.0f}\" text-anchor=\"middle\">{}</text>\n",
                      (left + right) / 2, y + 42, escape_xml(axis));
  return detail::svg_head(title, width, y + 54) + grid + body + "</svg>\n";
}

std::string gantt_text(const GanttPanel& panel, double until, int columns) {
  int longest = 0;
  for (const GanttLane& lane : panel.lanes) longest = std::max(longest, display_width(lane.name));
  std::string text;
  for (const GanttLane& lane : panel.lanes) {
    text += lane.name + std::string(static_cast<size_t>(longest - display_width(lane.name) + 2), ' ');
    std::string cells(static_cast<size_t>(columns), ' ');
    for (int cell = 0; cell < columns; ++cell) {
      const double middle = until * (cell + 0.5) / columns;
      for (const GanttBar& bar : lane.bars)
        if (bar.from <= middle && middle < bar.to) cells[static_cast<size_t>(cell)] = bar.mark;
    }
    cells.erase(cells.find_last_not_of(' ') + 1);
    text += cells + "\n";
  }
  return text;
}

}  // namespace gpt
