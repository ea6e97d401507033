#include "16_trainer/timeline_picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "common/gantt.hpp"
#include "common/plot.hpp"

namespace gpt {
namespace {

struct Bar {
  int64_t rank = 0, track = 0;
  std::string name;
  double from = 0, to = 0;  // ms
};

bool is_step(const Bar& bar) {
  return bar.name.starts_with("step ");
}

/// By its first word: what the parts of a step are called, in their order of appearance.
int colour_of(const std::string& name, std::vector<std::string>& names) {
  const std::string word = name.substr(0, name.find(' '));
  const auto found = std::find(names.begin(), names.end(), word);
  const auto place = found - names.begin();
  if (found == names.end()) names.push_back(word);
  return static_cast<int>(place) % 8;
}

/// What the colours mean: most bars are too short for their names.
std::string legend(const std::vector<std::string>& names) {
  std::string html = "<div class=\"names\">";
  for (size_t i = 0; i < names.size(); ++i)
    html += fmt::format(
        "<span><svg viewBox=\"0 0 22 10\"><rect class=\"d{0} s{0}\" fill-opacity=\"0.3\" x=\"1\" y=\"1\" "
        "width=\"20\" height=\"8\"/></svg>{1}</span>",
        i % 8, escape_xml(names[i]));
  return html + "</div>\n";
}

}  // namespace

std::string timeline_picture(const std::string& chrome_trace) {
  const auto file = nlohmann::json::parse(chrome_trace, nullptr, false);
  if (!file.is_object() || !file.contains("traceEvents")) return "";
  std::vector<Bar> bars;
  std::map<std::pair<int64_t, int64_t>, std::string> tracks;
  try {
    for (const auto& event : file["traceEvents"]) {
      const int64_t rank = event.at("pid"), track = event.at("tid");
      const std::string name = event.at("name");
      if (event.at("ph") == "M" && name == "thread_name") tracks[{rank, track}] = event.at("args").at("name");
      if (event.at("ph") != "X") continue;
      const double from = event.at("ts").get<double>() / 1e3;
      bars.push_back({rank, track, name, from, from + event.at("dur").get<double>() / 1e3});
    }
  } catch (const nlohmann::json::exception&) {
    return "";
  }
  std::vector<Bar> steps;
  for (const Bar& bar : bars)
    if (is_step(bar) && bar.rank == 0) steps.push_back(bar);
  if (steps.empty()) return "";
  std::sort(steps.begin(), steps.end(), [](const Bar& a, const Bar& b) { return a.from < b.from; });
  const Bar step = steps[steps.size() / 2];

  std::erase_if(bars,
                [&](const Bar& bar) { return is_step(bar) || bar.to <= step.from || bar.from >= step.to; });

  // A lane for each rank and track, with what lies directly in the step: a backward pass without its layers.
  std::map<std::pair<int64_t, int64_t>, GanttLane> lanes;
  std::vector<std::string> names;
  const auto within_another = [&](const Bar& inner) {
    return std::any_of(bars.begin(), bars.end(), [&](const Bar& outer) {
      return outer.rank == inner.rank && outer.track == inner.track && outer.from <= inner.from &&
             inner.to <= outer.to && inner.to - inner.from < outer.to - outer.from;
    });
  };
  for (const Bar& bar : bars) {
    if (within_another(bar)) continue;
    GanttLane& lane = lanes[{bar.rank, bar.track}];
    lane.bars.push_back({.from = std::max(0.0, bar.from - step.from),
                         .to = std::min(bar.to, step.to) - step.from,
                         .colour = colour_of(bar.name, names),
                         .label = bar.name});
  }
  std::vector<GanttPanel> panels;
  for (auto& [place, lane] : lanes) {
    lane.name = tracks.contains(place) ? tracks[place] : "";
    const std::string title = fmt::format("rank {}", place.first);
    if (panels.empty() || panels.back().title != title) panels.push_back({title, {}});
    panels.back().lanes.push_back(std::move(lane));
  }
  return legend(names) + gantt_svg(step.name, "milliseconds", panels);
}

}  // namespace gpt
