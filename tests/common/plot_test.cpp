#include "common/plot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace gpt {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(NiceTicks, AreRoundNumbersInsideTheRange) {
  EXPECT_THAT(nice_ticks(0.0, 1.0, 5),
              ElementsAre(0.0, DoubleEq(0.2), DoubleEq(0.4), DoubleEq(0.6), DoubleEq(0.8), 1.0));
  EXPECT_THAT(nice_ticks(-3.0, 11.0, 4), ElementsAre(0.0, 5.0, 10.0));
  EXPECT_THAT(nice_ticks(1e-4, 1.0, 6, true),
              ElementsAre(DoubleEq(1e-4), DoubleEq(1e-3), DoubleEq(1e-2), DoubleEq(0.1), DoubleEq(1.0)));
  EXPECT_THAT(nice_ticks(1.0, 30.0, 6, true), ElementsAre(1, 2, 5, 10, 20));
}

TEST(NiceTicks, AreFewWhateverTheRange) {
  for (const double low : {-1e9, -3.7, 0.0, 1e-12, 0.99, 1e6})
    for (const double span : {1e-3, 0.5, 1.0, 7.3, 1e4}) {
      const auto ticks = nice_ticks(low, low + span, 6);
      EXPECT_GE(ticks.size(), 2u) << low << " + " << span;
      EXPECT_LE(ticks.size(), 8u) << low << " + " << span;
    }
}

TEST(LinePlot, NamesItsAxesAndSeries) {
  const std::string svg =
      LinePlot("a < b & c", {"step"}, {"loss"}).add({"one \"rank\"", {{0, 1}, {1, 2}}}).svg();
  EXPECT_THAT(svg, HasSubstr("a &lt; b &amp; c"));
  EXPECT_THAT(svg, HasSubstr("one &quot;rank&quot;"));
  EXPECT_THAT(svg, HasSubstr(">step<"));
  EXPECT_THAT(svg, HasSubstr(">loss<"));
  EXPECT_THAT(svg, HasSubstr("prefers-color-scheme: dark"));
}

TEST(LinePlot, AnEmbeddedOneLeavesTheRestToItsPage) {
  LinePlot plot("loss", {"step"}, {""});
  plot.add({.name = "train", .points = {{1, 1}, {9, 2}}, .faint = true});
  const std::string svg = plot.mark_x(5).mark_x(20).embed(480, 280, "c7").svg();
  EXPECT_THAT(svg, HasSubstr("viewBox=\"0 0 480 280\""));
  EXPECT_THAT(svg, HasSubstr("url(#c7)"));
  EXPECT_THAT(svg, HasSubstr("stroke-opacity"));
  EXPECT_THAT(svg, HasSubstr("line s7 dashed"));
  EXPECT_EQ(svg.find("line s7 dashed"), svg.rfind("line s7 dashed")) << "a mark outside is drawn";
  for (const char* of_the_page : {"<style", "prefers-color-scheme", ">train<", "class=\"page\"", "inside"})
    EXPECT_THAT(svg, Not(HasSubstr(of_the_page)));
  EXPECT_THAT(plot_style(), HasSubstr("prefers-color-scheme: dark"));
  EXPECT_THAT(plot_style(), Not(HasSubstr("<style")));
}

TEST(LinePlot, BreaksTheLineAtWhatCannotBeDrawn) {
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  const std::string svg = LinePlot("t", {"x"}, {"y", true})
                              .add({"s", {{0, 1}, {1, nan}, {2, 2}, {3, infinity}, {4, 0}, {5, 3}}})
                              .svg();
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf ")));
  const size_t line = svg.find("<path class=\"line s0\" d=\"");
  const std::string path = svg.substr(line, svg.find("/>", line) - line);
  EXPECT_EQ(std::count(path.begin(), path.end(), 'M'), 3);
}

TEST(LinePlot, DrawsNothingAndOnePointWithoutFailing) {
  for (const bool logarithmic : {false, true}) {
    EXPECT_THAT(LinePlot("t", {"x"}, {"y", logarithmic}).svg(), Not(HasSubstr("nan")));
    EXPECT_THAT(LinePlot("t", {"x"}, {"y", logarithmic}).add({"s", {{1, 1}}}).svg(), Not(HasSubstr("nan")));
    EXPECT_THAT(LinePlot("t", {"x"}, {"y", logarithmic}).add({"s", {{1, 0}, {2, 0}}}).svg(),
                Not(HasSubstr("nan")));
  }
}

TEST(LinePlot, ThinsLongLinesButKeepsTheirPeaks) {
  PlotSeries series{"s", {}};
  for (int i = 0; i < 200'000; ++i)
    series.points.push_back({static_cast<double>(i), i == 123'456 ? 10.0 : 0.0});
  const std::string svg = LinePlot("t", {"x"}, {"y"}).limit_y(0.0, 10.0).add(series).svg();
  EXPECT_LT(svg.size(), 80'000u);
  EXPECT_THAT(svg, HasSubstr(" 44.0 "));  // the peak reaches the top edge
}

}  // namespace
}  // namespace gpt
