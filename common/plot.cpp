#include "common/plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace gpt {
namespace {

constexpr int colours = 8;

// Two palettes with the same order of hues: one for light pages, one for dark.
constexpr const char* style = R"(  .page { fill: #ffffff; }  text { fill: #1f2937; }
  .grid { stroke: #dfe3e8; }  .frame { stroke: #9ca3af; fill: none; }
  .line { fill: none; stroke-width: 2; stroke-linejoin: round; }  .dashed { stroke-dasharray: 6 4; }
  .s0 { stroke: #2563eb; }  .s1 { stroke: #d9480f; }  .s2 { stroke: #0a8754; }  .s3 { stroke: #9333ea; }
  .s4 { stroke: #b8860b; }  .s5 { stroke: #0891b2; }  .s6 { stroke: #db2777; }  .s7 { stroke: #57606a; }
  .d0 { fill: #2563eb; }  .d1 { fill: #d9480f; }  .d2 { fill: #0a8754; }  .d3 { fill: #9333ea; }
  .d4 { fill: #b8860b; }  .d5 { fill: #0891b2; }  .d6 { fill: #db2777; }  .d7 { fill: #57606a; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; }  text { fill: #d1d9e0; }
    .grid { stroke: #262c36; }  .frame { stroke: #656c76; }
    .s0 { stroke: #6ea8fe; }  .s1 { stroke: #ff8c5a; }  .s2 { stroke: #4ad295; }  .s3 { stroke: #c792f5; }
    .s4 { stroke: #e3b341; }  .s5 { stroke: #56d4dd; }  .s6 { stroke: #f778ba; }  .s7 { stroke: #9198a1; }
    .d0 { fill: #6ea8fe; }  .d1 { fill: #ff8c5a; }  .d2 { fill: #4ad295; }  .d3 { fill: #c792f5; }
    .d4 { fill: #e3b341; }  .d5 { fill: #56d4dd; }  .d6 { fill: #f778ba; }  .d7 { fill: #9198a1; }
  }
)";

/// "0.5", "2000", "1e-4": short forms.
std::string label_of(double value) {
  const bool small = value != 0.0 && std::abs(value) < 9.99e-4;
  std::string text = small ? fmt::format("{:.3e}", value) : fmt::format("{:g}", value);
  const size_t e = text.find('e');
  if (e == std::string::npos) return text;
  std::string digits = text.substr(0, e);
  if (digits.find('.') != std::string::npos) digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.back() == '.') digits.pop_back();
  return fmt::format("{}e{}", digits, std::stoi(text.substr(e + 1)));
}

/// From values on an axis to pixels.
struct Scale {
  double low, high, from, to;
  bool logarithmic;

  bool shows(double value) const { return std::isfinite(value) && (!logarithmic || value > 0.0); }
  double operator()(double value) const {
    const auto place = [this](double v) { return logarithmic ? std::log10(v) : v; };
    return from + (place(value) - place(low)) / (place(high) - place(low)) * (to - from);
  }
};

/// Between the edges of the picture and the frame around the lines; `label` is from the frame down to the
/// label of the x axis.
struct Margins {
  double left, top, right, bottom, label;
};

/// The range of the values that can be shown, never empty.
Scale scale_of(const std::vector<double>& values, bool logarithmic, double from, double to) {
  Scale scale{std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(), from, to,
              logarithmic};
  for (const double value : values)
    if (scale.shows(value)) {
      scale.low = std::min(scale.low, value);
      scale.high = std::max(scale.high, value);
    }
  if (scale.low > scale.high) {
    scale.low = logarithmic ? 0.1 : 0.0;
    scale.high = 1.0;
  } else if (scale.low == scale.high) {
    const double room = logarithmic ? 0.0 : std::max(0.5, std::abs(scale.low) * 0.1);
    scale.low = logarithmic ? scale.low / 2 : scale.low - room;
    scale.high = logarithmic ? scale.high * 2 : scale.high + room;
  }
  return scale;
}

/// In each column of pixels the first, lowest, highest and last point: the line looks the same with them
/// alone.
std::vector<PlotPoint> thinned(const std::vector<PlotPoint>& points, const Scale& x) {
  if (static_cast<double>(points.size()) < 4 * (x.to - x.from)) return points;
  const auto column = [&](const PlotPoint& p) {  // what breaks the line has a column of its own, and stays
    return x.shows(p.x) && std::isfinite(p.y) ? std::floor(x(p.x)) : std::numeric_limits<double>::max();
  };
  std::vector<PlotPoint> result;
  for (size_t i = 0, end; i < points.size(); i = end) {
    size_t lowest = i, highest = i;
    for (end = i; end < points.size() && column(points[end]) == column(points[i]); ++end) {
      if (points[end].y < points[lowest].y) lowest = end;
      if (points[end].y > points[highest].y) highest = end;
    }
    for (const size_t k : std::set<size_t>{i, lowest, highest, end - 1}) result.push_back(points[k]);
  }
  return result;
}

int colour_of(const PlotSeries& series, size_t number) {
  return series.colour >= 0 ? series.colour : static_cast<int>(number) % colours;
}

std::string polyline(const PlotSeries& series, int colour, const Scale& x, const Scale& y) {
  std::string path, dots;
  bool pen_down = false;
  for (const PlotPoint& point : thinned(series.points, x)) {
    const bool shown = x.shows(point.x) && y.shows(point.y);
    if (shown) {
      path += fmt::format("{}{:.1f} {:.1f}",
                          pen_down       ? " "
                          : path.empty() ? "M"
                                         : " M",
                          x(point.x), y(point.y));
      if (series.markers)
        dots += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\"/>", x(point.x), y(point.y));
    }
    pen_down = shown;
  }
  std::string result;
  if (!path.empty())
    result +=
        fmt::format("  <path class=\"line s{}{}\"{} d=\"{}\"/>\n", colour, series.dashed ? " dashed" : "",
                    series.faint ? " stroke-opacity=\"0.35\"" : "", path);
  if (!dots.empty()) result += fmt::format("  <g class=\"d{}\">{}</g>\n", colour, dots);
  return result;
}

}  // namespace

std::string detail::svg_head(const std::string& title, double w, double h) {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
      "height=\"{1:.0f}\" role=\"img\" "
      "font-family=\"system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif\" font-size=\"13\">\n"
      "<title>{2}</title>\n<style>\n{3}</style>\n<rect class=\"page\" width=\"{0:.0f}\" "
      "height=\"{1:.0f}\"/>\n"
      "<text x=\"{4:.0f}\" y=\"26\" text-anchor=\"middle\" font-size=\"16\">{2}</text>\n",
      w, h, escape_xml(title), style, w / 2);
}

std::string plot_style() {
  return style;
}

std::string escape_xml(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '"')
      result += "&quot;";
    else
      result += c;
  }
  return result;
}

std::vector<double> nice_ticks(double low, double high, int count, bool logarithmic) {
  std::vector<double> ticks;
  const double decades = logarithmic ? std::log10(high / low) : 0.0;
  if (logarithmic && decades >= 1.0) {
    const int stride = std::max(1, static_cast<int>(std::ceil(decades / count)));
    const int first = static_cast<int>(std::floor(std::log10(low)));
    for (int power = first; power <= static_cast<int>(std::ceil(std::log10(high))); ++power) {
      if (power % stride != 0) continue;
      for (const double factor : {1.0, 2.0, 5.0}) {
        if (factor > 1.0 && decades * 3 > count) break;
        const double tick = factor * std::pow(10.0, power);
        if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push_back(tick);
      }
    }
    return ticks;
  }
  const double rough = (high - low) / std::max(1, count);
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10.0 * power;
  for (const double factor : {5.0, 2.0, 1.0})
    if (factor * power >= rough * (1 - 1e-9)) step = factor * power;
  for (double i = std::ceil(low / step - 1e-9); i * step <= high + step * 1e-9; ++i)
    ticks.push_back(i == 0.0 ? 0.0 : i * step);
  return ticks;
}

LinePlot& LinePlot::add(PlotSeries series) {
  series_.push_back(std::move(series));
  return *this;
}

LinePlot& LinePlot::limit_y(double low, double high) {
  low_ = low;
  high_ = high;
  return *this;
}

LinePlot& LinePlot::mark_x(double x) {
  marks_.push_back(x);
  return *this;
}

LinePlot& LinePlot::embed(double width, double height, std::string id) {
  width_ = width;
  height_ = height;
  id_ = std::move(id);
  return *this;
}

std::string LinePlot::svg() const {
  const bool embedded = !id_.empty();
  size_t longest = 0;
  std::vector<double> xs, ys;
  for (const PlotSeries& series : series_) {
    longest = std::max(longest, series.name.size());
    for (const PlotPoint& point : series.points) {
      xs.push_back(point.x);
      ys.push_back(point.y);
    }
  }
  if (low_ != high_) ys = {low_, high_};
  const double legend = longest > 0 ? 54.0 + 8.0 * static_cast<double>(longest) : 24.0;
  const Margins margins = embedded ? Margins{56, 10, 24, 44, 36} : Margins{76, 44, legend, 56, 42};
  const double left = margins.left, top = margins.top;
  const double right = width_ - margins.right, bottom = height_ - margins.bottom;
  const Scale x = scale_of(xs, x_.logarithmic, left, right);
  Scale y = scale_of(ys, y_.logarithmic, bottom, top);
  if (low_ == high_) {  // a little room above and below the lines
    const double room = y.logarithmic ? std::pow(y.high / y.low, 0.04) : (y.high - y.low) * 0.04;
    y.low = y.logarithmic ? y.low / room : y.low - (y.low >= 0.0 && y.low < room ? y.low : room);
    y.high = y.logarithmic ? y.high * room : y.high + room;
  }

  std::string out =
      embedded ? fmt::format(
                     "<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" font-size=\"13\"><title>{}</title>\n",
                     width_, height_, escape_xml(title_))
               : detail::svg_head(title_, width_, height_);
  const std::string clip = embedded ? id_ : "inside";
  for (const double tick : nice_ticks(x.low, x.high, embedded ? 5 : 7, x.logarithmic))
    out += fmt::format(
        "<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>"
        "<text x=\"{0:.1f}\" y=\"{3}\" text-anchor=\"middle\">{4}</text>\n",
        x(tick), top, bottom, bottom + 19, label_of(tick));
  for (const double tick : nice_ticks(y.low, y.high, embedded ? 5 : 6, y.logarithmic))
    out += fmt::format(
        "<line class=\"grid\" x1=\"{0}\" x2=\"{1:.1f}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/>"
        "<text x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>\n",
        left, right, y(tick), left - 8, y(tick) + 4.5, label_of(tick));
  out += fmt::format("<text x=\"{:.0f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", (left + right) / 2,
                     bottom + margins.label, escape_xml(x_.label));
  if (!y_.label.empty())
    out +=
        fmt::format("<text transform=\"translate(18 {:.0f}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
                    (top + bottom) / 2, escape_xml(y_.label));
  out += fmt::format(
      "<rect class=\"frame\" x=\"{0}\" y=\"{1}\" width=\"{2:.1f}\" height=\"{3}\"/>\n"
      "<clipPath id=\"{8}\"><rect x=\"{4}\" y=\"{5}\" width=\"{6:.1f}\" height=\"{7}\"/></clipPath>\n"
      "<g clip-path=\"url(#{8})\">\n",
      left, top, right - left, bottom - top, left - 4, top - 4, right - left + 8, bottom - top + 8, clip);
  for (const double mark : marks_)
    if (x.shows(mark) && mark >= x.low && mark <= x.high)
      out += fmt::format("<path class=\"line s7 dashed\" d=\"M{:.1f} {} V{:.1f}\"/>\n", x(mark), top, bottom);
  for (size_t i = 0; i < series_.size(); ++i) out += polyline(series_[i], colour_of(series_[i], i), x, y);
  out += "</g>\n";
  for (size_t i = 0; i < series_.size() && !embedded; ++i)
    if (!series_[i].name.empty())
      out += fmt::format(
          "<path class=\"line s{0}{1}\" d=\"M{2:.0f} {3} h22\"/><text x=\"{4:.0f}\" "
          "y=\"{5:.1f}\">{6}</text>\n",
          colour_of(series_[i], i), series_[i].dashed ? " dashed" : "", right + 12,
          top + 12 + 21 * static_cast<double>(i), right + 40, top + 16.5 + 21 * static_cast<double>(i),
          escape_xml(series_[i].name));
  return out + "</svg>\n";
}

}  // namespace gpt
