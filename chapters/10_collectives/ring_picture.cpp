#include "10_collectives/ring_picture.hpp"

#include <fmt/format.h>

#include "common/check.hpp"
#include "common/plot.hpp"
#include "common/table.hpp"

namespace gpt {

// [frames]
std::vector<RingFrame> ring_frames(const std::vector<std::vector<double>>& rows) {
  const int p = static_cast<int>(rows.size());
  for (const auto& row : rows) GPT_CHECK(row.size() == rows.size(), "{} chunks on {} ranks", row.size(), p);
  const auto ring = [p](int number) { return static_cast<size_t>(((number % p) + p) % p); };

  RingFrame now{.title = "start", .values = rows, .terms = {}, .leaving = {}};
  now.terms.assign(rows.size(), std::vector<int>(rows.size(), 1));
  std::vector<RingFrame> frames;
  for (int step = 0; step <= 2 * (p - 1); ++step) {
    now.leaving.clear();
    if (step < 2 * (p - 1))
      for (int rank = 0; rank < p; ++rank) now.leaving.push_back(static_cast<int>(ring(rank - step)));
    frames.push_back(now);
    if (now.leaving.empty()) break;
    const RingFrame before = now;
    for (int rank = 0; rank < p; ++rank) {  // all at the same time
      const size_t left = ring(rank - 1), right = ring(rank), chunk = ring(rank - 1 - step);
      const bool adds = step < p - 1;
      now.values[right][chunk] = before.values[left][chunk] + (adds ? before.values[right][chunk] : 0.0);
      now.terms[right][chunk] = before.terms[left][chunk] + (adds ? before.terms[right][chunk] : 0);
    }
    now.title = fmt::format("step {}: {}", step + 1, step < p - 1 ? "add" : "store");
  }
  return frames;
}
// [/frames]

std::vector<std::vector<double>> ring_example(int ranks) {
  std::vector<std::vector<double>> rows;
  for (int rank = 0; rank < ranks; ++rank) {
    std::vector<double>& row = rows.emplace_back();
    for (int chunk = 0; chunk < ranks; ++chunk) row.push_back((rank + 1) * (chunk + 1) / 10.0);
  }
  return rows;
}

std::string ring_text(const std::vector<RingFrame>& frames) {
  std::string out = fmt::format("{:22}", "");
  const size_t p = frames.at(0).values.size();
  for (size_t chunk = 0; chunk < p; ++chunk) out += fmt::format("chunk {}  ", chunk);
  while (out.back() == ' ') out.pop_back();
  out += '\n';
  for (const RingFrame& frame : frames)
    for (size_t rank = 0; rank < p; ++rank) {
      std::string line = fmt::format("{:15}rank {}", rank == 0 ? frame.title : "", rank);
      for (size_t chunk = 0; chunk < p; ++chunk) {
        const bool complete = frame.terms[rank][chunk] == static_cast<int>(p);
        const bool leaves = !frame.leaving.empty() && frame.leaving[rank] == static_cast<int>(chunk);
        const std::string number = fmt::format("{:.1f}", frame.values[rank][chunk]);
        line += fmt::format("{:>7}{}", complete ? '[' + number + ']' : number + ' ', leaves ? " →" : "  ");
      }
      while (line.back() == ' ') line.pop_back();
      out += line + '\n';
      if (rank + 1 == p && &frame != &frames.back()) out += '\n';
    }
  return out;
}

namespace {

// Sizes in pixels.
constexpr double cell_width = 32, cell_height = 26, gap = 14, panel_margin = 26, panel_head = 62;

struct Panel {
  double x, y;  // of its first cell
  double column(size_t rank) const { return x + static_cast<double>(rank) * (cell_width + gap); }
  double row(size_t chunk) const { return y + static_cast<double>(chunk) * (cell_height + 4); }
};

std::string arrow(double from, double y) {
  return fmt::format("<path class=\"go\" d=\"M{:.0f} {:.0f} h{:.0f}\" marker-end=\"url(#to)\"/>\n", from, y,
                     gap - 3);
}

std::string panel_svg(const RingFrame& frame, const Panel& panel) {
  const size_t p = frame.values.size();
  const double middle = (panel.column(0) + panel.column(p - 1) + cell_width) / 2;
  std::string out = fmt::format("<text x=\"{:.0f}\" y=\"{:.0f}\">{}</text>\n", middle, panel.y - 32,
                                escape_xml(frame.title));
  for (size_t rank = 0; rank < p; ++rank) {
    const double x = panel.column(rank);
    out += fmt::format("<text class=\"note\" x=\"{:.0f}\" y=\"{:.0f}\">{}</text>\n", x + cell_width / 2,
                       panel.y - 10, rank);
    for (size_t chunk = 0; chunk < p; ++chunk) {
      const int terms = frame.terms[rank][chunk];
      const bool complete = terms == static_cast<int>(p);
      out += fmt::format(
          "<rect class=\"cell {}\" fill-opacity=\"{:.2f}\" x=\"{:.0f}\" y=\"{:.0f}\" width=\"{}\" "
          "height=\"{}\" rx=\"4\"/><text x=\"{:.0f}\" y=\"{:.0f}\">{:.1f}</text>\n",
          complete ? "d2" : "d0", complete ? 0.45 : 0.4 * (terms - 1) / static_cast<double>(p), x,
          panel.row(chunk), cell_width, cell_height, x + cell_width / 2, panel.row(chunk) + 17.5,
          frame.values[rank][chunk]);
    }
    if (frame.leaving.empty()) continue;
    const double y = panel.row(static_cast<size_t>(frame.leaving[rank])) + cell_height / 2;
    out += arrow(x + cell_width, y);
    if (rank + 1 == p) out += arrow(panel.x - gap, y);  // the ring closes: it comes in on the other side
  }
  return out;
}

constexpr const char* ring_style = R"(<style>
  text { text-anchor: middle; }  .note { fill: #6b7280; }  .cell { stroke: #9ca3af; }
  .go { stroke: #d9480f; stroke-width: 2; fill: none; }  .goes { fill: #d9480f; }
  @media (prefers-color-scheme: dark) {
    .note { fill: #8b949e; }  .cell { stroke: #656c76; }  .go { stroke: #ff8c5a; }  .goes { fill: #ff8c5a; }
  }
</style>
<defs><marker id="to" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7"
  markerUnits="userSpaceOnUse"><path class="goes" d="M0 0L10 5L0 10z"/></marker></defs>
)";

}  // namespace

std::string ring_svg(const std::vector<RingFrame>& frames) {
  const size_t p = frames.at(0).values.size();
  const auto count = static_cast<double>(p);
  const double panel_width = count * (cell_width + gap) + panel_margin, left = panel_margin;
  const double panel_height = count * (cell_height + 4) + panel_head;
  const double width = count * panel_width + left, height = 40 + 2 * panel_height + 12;
  std::string out =
      detail::svg_head(fmt::format("A ring all-reduce of {} ranks", p), width, height) + ring_style;
  for (size_t i = 0; i < frames.size(); ++i) {  // the start and p-1 steps above, p-1 steps below
    const auto column = static_cast<double>(i % p), row = static_cast<double>(i / p);
    out += panel_svg(frames[i], {.x = left + gap / 2 + column * panel_width,
                                 .y = 40 + panel_head - 6 + row * panel_height});
  }
  const double x = width - panel_width / 2 - left / 2, y = 40 + panel_height + panel_head + 14;
  const char* const legend[] = {"a column: a rank", "a line: a chunk", "→ leaves next", "blue: sums of some",
                                "green: sums of all"};
  for (size_t i = 0; i < std::size(legend); ++i)
    out += fmt::format("<text class=\"note\" x=\"{:.0f}\" y=\"{:.0f}\">{}</text>\n", x,
                       y + 22 * static_cast<double>(i), legend[i]);
  return out + "</svg>\n";
}

}  // namespace gpt
