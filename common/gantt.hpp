#pragma once
// Who did what when: bars on a line of time, as SVG or in the characters of a terminal.

#include <string>
#include <vector>

namespace gpt {

/// From when to when, in the unit of the axis.
struct GanttBar {
  double from = 0, to = 0;
  int colour = 0;     ///< 0 … 7
  std::string label;  ///< stands in the bar where there is room
  char mark = '#';    ///< the bar in a terminal
};

struct GanttLane {
  std::string name;
  std::vector<GanttBar> bars;
};

/// Lanes that share a title. All panels of a picture share one axis, so their lengths can be compared.
struct GanttPanel {
  std::string title;
  std::vector<GanttLane> lanes;
};

/// The whole picture: self-contained, readable on light and on dark pages.
std::string gantt_svg(const std::string& title, const std::string& axis,
                      const std::vector<GanttPanel>& panels);

/// The lanes of a panel, a line each, with `columns` characters for the time from 0 to `until`. A cell shows
/// the bar that covers its middle.
std::string gantt_text(const GanttPanel& panel, double until, int columns = 72);

}  // namespace gpt
