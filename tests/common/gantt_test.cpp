#include "common/gantt.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gpt {
namespace {

const GanttPanel panel{
    "a panel", {{"one", {{0, 4, 0, "long", 'a'}, {4, 5, 1, "b", 'b'}}}, {"second", {{5, 10, 2, "<", 'c'}}}}};

TEST(Gantt, AsTextACellShowsTheBarThatCoversItsMiddle) {
  EXPECT_EQ(gantt_text(panel, 10, 10),
            "one     aaaab\n"
            "second       ccccc\n");
  EXPECT_EQ(gantt_text(panel, 10, 5),
            "one     aa\n"
            "second    ccc\n");  // the middle of the third cell is at 5
  EXPECT_EQ(gantt_text({"", {{"x", {}}}}, 10, 5), "x  \n");
}

TEST(Gantt, AsPictureItHoldsEveryBarAndEscapesWhatIsXml) {
  const std::string svg = gantt_svg("a title", "ms", {panel, panel});
  size_t bars = 0;
  for (size_t at = svg.find("fill-opacity"); at != std::string::npos; at = svg.find("fill-opacity", at + 1))
    ++bars;
  EXPECT_EQ(bars, 6u);
  EXPECT_THAT(svg, testing::HasSubstr("&lt;"));
  EXPECT_THAT(svg, testing::EndsWith("</svg>\n"));
  EXPECT_THAT(gantt_svg("empty", "ms", {}), testing::EndsWith("</svg>\n"));
}

}  // namespace
}  // namespace gpt
