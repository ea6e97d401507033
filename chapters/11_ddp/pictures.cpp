#include "11_ddp/pictures.hpp"

#include <algorithm>
#include <limits>

#include "11_ddp/backward_parts.hpp"
#include "common/plot.hpp"

namespace gpt {
namespace {

/// How a part of a step looks: its colour, its label, its character. Empty: it is not drawn, because others
/// fill it.
GanttBar look_of(const TimelineEvent& event) {
  const std::string& name = event.name;
  if (name == "forward") return {.colour = 0, .label = "forward", .mark = 'f'};
  if (name == "head") return {.colour = 1, .label = "head", .mark = 'h'};
  if (name == "embedding") return {.colour = 1, .label = "emb.", .mark = 'e'};
  if (name == "optimizer") return {.colour = 2, .label = "AdamW", .mark = 'o'};
  if (name == "wait for gradients") return {.colour = 7, .label = "wait", .mark = '.'};
  if (name.starts_with("layer ")) {
    const std::string number = name.substr(6);
    return {.colour = (number.back() - '0') % 2 == 0 ? 1 : 4, .label = number, .mark = number.back()};
  }
  if (event.track == "communication") {
    const std::string number = name.substr(name.find(' ') + 1);
    return {.colour = (number.back() - '0') % 2 == 0 ? 3 : 5, .label = number, .mark = number.back()};
  }
  return {};
}

}  // namespace

GanttPanel step_panel(const std::string& title, const std::vector<RankTimeline>& ranks, int64_t step) {
  const std::string wanted = fmt::format("step {}", step);
  const auto find_step = [&](const RankTimeline& rank) {
    const auto whole = std::find_if(rank.events.begin(), rank.events.end(),
                                    [&](const auto& event) { return event.name == wanted; });
    GPT_CHECK(whole != rank.events.end(), "a rank recorded no {}", wanted);
    return whole;
  };
  double begin = std::numeric_limits<double>::infinity();
  for (const RankTimeline& rank : ranks) begin = std::min(begin, find_step(rank)->start);
  GanttPanel panel{title, {}};
  for (size_t rank = 0; rank < ranks.size(); ++rank) {
    const auto whole = find_step(ranks[rank]);
    GanttLane compute{fmt::format("rank {}", rank), {}}, sums{"buckets", {}};
    for (const TimelineEvent& event : ranks[rank].events) {
      GanttBar bar = look_of(event);
      if (bar.label.empty() || event.start < whole->start || event.end > whole->end) continue;
      bar.from = 1e3 * (event.start - begin), bar.to = 1e3 * (event.end - begin);
      (event.track == "main" ? compute : sums).bars.push_back(bar);
    }
    panel.lanes.push_back(compute);
    panel.lanes.push_back(sums);
  }
  return panel;
}

std::string bucket_svg(const ParameterStore& parameters, const BucketPlan& plan,
                       const BackwardRecord& record) {
  constexpr double width = 860, left = 120, right = width - 90, top = 52, height = 440;
  const auto ms = [&](std::chrono::steady_clock::time_point time) {
    return std::chrono::duration<double, std::milli>(time - record.backward.start).count();
  };
  double end = ms(record.backward.end);
  for (const Interval& bucket : record.buckets) end = std::max(end, ms(bucket.end));
  const auto x = [&](double time) { return left + time / end * (right - left); };
  const auto y = [&](int64_t place) {
    return top + static_cast<double>(place) / static_cast<double>(parameters.size()) * height;
  };
  std::string svg =
      detail::svg_head("Buckets fill from the front while the backward pass runs", width, top + height + 56);
  for (const double tick : nice_ticks(0, end, 9))
    svg += fmt::format(
        "<path class=\"grid\" d=\"M{0:.1f} {1} V{2}\"/>\n<text x=\"{0:.1f}\" y=\"{3}\" "
        "text-anchor=\"middle\">{4:g}</text>\n",
        x(tick), top, top + height, top + height + 18, tick);

  // The parameters: light from ready to sent, in the colour of their part.
  std::string part;
  int colour = 4;
  double label_y = top;  // of the last name written: the next one stands below it
  for (size_t p = 0; p < plan.of_parameter.size(); ++p) {
    const Parameter& parameter = parameters.parameters()[p];
    if (part_of(parameter.name) != part) {
      part = part_of(parameter.name);
      colour = colour == 1 ? 4 : 1;
      label_y = std::max(label_y + 13, y(parameter.offset) + 13);
      svg += fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n", left - 8, label_y - 3,
                         escape_xml(part));
    }
    const Interval& sent = record.buckets[static_cast<size_t>(plan.of_parameter[p].last)];
    const double from = x(ms(record.ready[p]));
    svg += fmt::format(
        "<rect class=\"d{}\" fill-opacity=\"0.3\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
        "height=\"{:.1f}\"/>\n",
        colour, from, y(parameter.offset), std::max(0.5, x(ms(sent.end)) - from),
        std::max(0.5, y(parameter.offset + parameter.elements) - y(parameter.offset)));
  }
  for (size_t b = 0; b < plan.buckets.size(); ++b) {
    const Bucket& bucket = plan.buckets[b];
    const Interval& sum = record.buckets[b];
    const double upper = y(bucket.from), lower = y(bucket.to);
    svg += fmt::format(
        "<path class=\"frame\" stroke-dasharray=\"3 3\" d=\"M{0} {1:.1f} H{2}\"/>\n"
        "<rect class=\"d3 s3\" fill-opacity=\"0.55\" x=\"{3:.1f}\" y=\"{1:.1f}\" width=\"{4:.1f}\" "
        "height=\"{5:.1f}\"/>\n<text x=\"{6}\" y=\"{7:.1f}\">bucket {8}</text>\n",
        left, upper, right, x(ms(sum.start)), std::max(1.0, x(ms(sum.end)) - x(ms(sum.start))), lower - upper,
        right + 8, (upper + lower) / 2 + 4, b);
  }
  svg += fmt::format(
      "<path class=\"line s2\" d=\"M{0:.1f} {1} V{2}\"/>\n<text x=\"{3:.1f}\" y=\"{4}\" "
      "text-anchor=\"end\">backward ends</text>\n"
      "<text x=\"{5}\" y=\"{6}\" text-anchor=\"middle\">milliseconds since the backward pass began</text>\n",
      x(ms(record.backward.end)), top, top + height, x(ms(record.backward.end)) - 6, top + 14,
      (left + right) / 2, top + height + 40);
  return svg + "</svg>\n";
}

}  // namespace gpt
