#include "16_trainer/report_charts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace gpt {
namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

/// One figure: a title, the names of its lines with their colours, the picture.
class Figure {
 public:
  Figure(std::string id, std::string title, std::string unit, bool logarithmic = false)
      : id_(std::move(id)),
        title_(std::move(title)),
        unit_(std::move(unit)),
        plot_(title_, {"step"}, {"", logarithmic}) {}

  /// Without a name it is not in the legend.
  Figure& line(const std::string& name, std::vector<PlotPoint> points, int colour, bool faint = false,
               bool markers = false) {
    if (!name.empty())
      legend_ += fmt::format(
          "<span><svg viewBox=\"0 0 22 10\"><path class=\"line s{}\" d=\"M0 5 H22\"/></svg>{}</span>", colour,
          escape_xml(name));
    for (const PlotPoint& point : points)
      if (std::isfinite(point.y)) values_.push_back(point.y);
    plot_.add(
        {.name = name, .points = std::move(points), .markers = markers, .faint = faint, .colour = colour});
    return *this;
  }

  /// From zero on, and without the few steps that took very much longer than the others.
  Figure& from_zero() {
    if (values_.empty()) return *this;
    std::sort(values_.begin(), values_.end());
    const double most = values_[(values_.size() - 1) * 99 / 100];
    if (most > 0) plot_.limit_y(0, std::min(values_.back(), 1.5 * most) * 1.08);
    return *this;
  }

  /// A wide one is drawn twice: the style sheet shows the other picture on a narrow screen.
  std::string html(const RunView& run, bool wide = false) {
    for (const RunPeriod& period : run.periods)
      if (period.first_step > 0) plot_.mark_x(static_cast<double>(period.first_step));
    std::string pictures = plot_.embed(480, 260, id_).svg();
    if (wide)
      pictures = fmt::format("<div class=\"pocket\">{}</div><div class=\"desk\">{}</div>", pictures,
                             plot_.embed(1000, 330, id_ + "-wide").svg());
    return fmt::format("<figure{}><figcaption><b>{} <small>{}</small></b>{}</figcaption>\n{}</figure>\n",
                       wide ? " class=\"wide\"" : "", escape_xml(title_), escape_xml(unit_), legend_,
                       pictures);
  }

 private:
  std::string id_, title_, unit_, legend_;
  std::vector<double> values_;
  LinePlot plot_;
};

bool any(const std::vector<StepMetrics>& steps, double StepMetrics::*number) {
  return std::any_of(steps.begin(), steps.end(), [&](const StepMetrics& m) { return m.*number > 0; });
}

std::string loss_figure(const RunView& run) {
  const std::vector<PlotPoint> loss = curve(run.steps, &StepMetrics::train_loss);
  std::vector<PlotPoint> validation;
  for (const StepMetrics& m : run.steps)
    if (m.val_loss) validation.push_back({static_cast<double>(m.step), *m.val_loss});
  Figure figure("loss", "Loss", "nats per token");
  const size_t window = run.steps.size() / 60;
  if (window < 2) {
    figure.line("training", loss, 0);
  } else {
    figure.line("training", smoothed(loss, window), 0).line("", loss, 0, true);
  }
  if (!validation.empty()) figure.line("validation", validation, 1, false, true);
  return figure.html(run, true);
}

std::string wire_figure(const RunView& run) {
  std::vector<PlotPoint> sent;
  for (const StepMetrics& m : run.steps)
    sent.push_back({static_cast<double>(m.step), static_cast<double>(m.wire_bytes) / 1e6});
  return Figure("wire", "Bytes on the wire", "MB a step, sent by rank 0")
      .line("", sent, 4)
      .from_zero()
      .html(run);
}

/// What the driver said; broken where a step has no answer.
std::vector<PlotPoint> gpu_curve(const RunView& run, std::optional<double> GpuUse::*number) {
  std::vector<PlotPoint> points;
  for (const StepMetrics& m : run.steps)
    points.push_back({static_cast<double>(m.step), (m.gpu.*number).value_or(nothing)});
  return points;
}

std::string gpu_figures(const RunView& run) {
  const auto says = [&](std::optional<double> GpuUse::*number) {
    return std::any_of(run.steps.begin(), run.steps.end(),
                       [&](const StepMetrics& m) { return (m.gpu.*number).has_value(); });
  };
  std::string html;
  if (says(&GpuUse::utilization))
    html += Figure("gpu", "Use of rank 0's GPU", "% of the time in which a kernel ran")
                .line("", gpu_curve(run, &GpuUse::utilization), 5)
                .from_zero()
                .html(run);
  if (says(&GpuUse::memory_mb))
    html += Figure("gpu-memory", "Memory of rank 0's GPU", "MB, in use by everybody")
                .line("", gpu_curve(run, &GpuUse::memory_mb), 6)
                .from_zero()
                .html(run);
  return html;
}

}  // namespace

std::vector<PlotPoint> curve(const std::vector<StepMetrics>& steps, double StepMetrics::*number) {
  std::vector<PlotPoint> points;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (i > 0 && steps[i].step > steps[i - 1].step + 1)
      points.push_back({static_cast<double>(steps[i - 1].step + 1), nothing});
    points.push_back({static_cast<double>(steps[i].step), steps[i].*number});
  }
  return points;
}

// [smoothed]
std::vector<PlotPoint> smoothed(const std::vector<PlotPoint>& points, size_t window) {
  std::vector<PlotPoint> result;
  size_t begin = 0;  // of the stretch without a break
  double sum = 0;    // of the last `window` points of it
  for (size_t i = 0; i < points.size(); ++i) {
    if (!std::isfinite(points[i].y)) {
      result.push_back(points[i]);
      begin = i + 1, sum = 0;
      continue;
    }
    sum += points[i].y;
    if (i >= begin + window) sum -= points[i - window].y;
    result.push_back({points[i].x, sum / static_cast<double>(std::min(window, i - begin + 1))});
  }
  return result;
}
// [/smoothed]

std::string report_charts(const RunView& run) {
  const auto& steps = run.steps;
  std::string html = "<div class=\"charts\">\n" + loss_figure(run);
  html += Figure("lr", "Learning rate", "").line("", curve(steps, &StepMetrics::lr), 2).html(run);
  html += Figure("norm", "Gradient norm", "before clipping, logarithmic", true)
              .line("", curve(steps, &StepMetrics::grad_norm), 3)
              .html(run);
  const bool fast = recent_mean(steps, &StepMetrics::tokens_per_second) >= 1e4;
  std::vector<PlotPoint> speed = curve(steps, &StepMetrics::tokens_per_second);
  for (PlotPoint& point : speed) point.y /= fast ? 1e3 : 1;
  html += Figure("speed", "Speed", fast ? "1,000 tokens/s, all ranks" : "tokens/s, all ranks")
              .line("", std::move(speed), 5)
              .from_zero()
              .html(run);
  Figure times("time", "Time of a step", "ms");
  times.line("step", curve(steps, &StepMetrics::step_ms), 0);
  if (any(steps, &StepMetrics::comm_total_ms)) {
    times.line("gradients on their way", curve(steps, &StepMetrics::comm_total_ms), 4)
        .line("waited for them", curve(steps, &StepMetrics::comm_ms), 1);
  }
  html += times.from_zero().html(run);
  if (std::any_of(steps.begin(), steps.end(), [](const StepMetrics& m) { return m.wire_bytes > 0; }))
    html += wire_figure(run);
  if (any(steps, &StepMetrics::memory_mb))
    html += Figure("memory", "Memory of rank 0's tensors", "MB, the most so far")
                .line("", curve(steps, &StepMetrics::memory_mb), 6)
                .from_zero()
                .html(run);
  return html + gpu_figures(run) + "</div>\n";
}

}  // namespace gpt
