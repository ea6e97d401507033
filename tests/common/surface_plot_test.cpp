#include "common/surface_plot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gpt {
namespace {

using testing::HasSubstr;

SurfacePanel halves() {
  return {"left & right", -1, 1, -1, 1, 4, [](double x, double) { return x < 0 ? -1.0 : 1.0; }};
}

TEST(SurfaceSvg, DrawsARunOfEqualCellsAsOneRectangle) {
  const std::string svg = surface_svg("title", {halves()});
  EXPECT_THAT(svg, HasSubstr("d=\"M0 0h2v1h-2zM0 1h2v1h-2zM0 2h2v1h-2zM0 3h2v1h-2z\""));
  EXPECT_THAT(svg, HasSubstr("d=\"M2 0h2v1h-2z"));
  EXPECT_THAT(svg, HasSubstr("left &amp; right"));
}

TEST(SurfaceSvg, PutsDotsAndPathsWhereTheyBelong) {
  SurfacePanel panel = halves();
  panel.dots = {{true, {{-1, 1}}}};  // the upper left corner
  panel.paths = {{"way", {{0, 0}, {1, -1}}}};
  const std::string svg = surface_svg("title", {panel});
  EXPECT_THAT(svg, HasSubstr("cx=\"0.0\" cy=\"0.0\""));
  EXPECT_THAT(svg, HasSubstr("M125.0 125.0 250.0 250.0"));
  EXPECT_THAT(svg, HasSubstr(">way<"));
}

TEST(SurfaceText, IsHalfAsHighAsWide) {
  EXPECT_EQ(surface_text(halves(), 4, "> "), "> ··██\n> ··██\n");
}

TEST(SurfaceText, HasItsTopAtLargeY) {
  SurfacePanel panel = halves();
  panel.value = [](double, double y) { return y; };
  EXPECT_EQ(surface_text(panel, 4), "▓▓▓▓\n░░░░\n");
}

}  // namespace
}  // namespace gpt
