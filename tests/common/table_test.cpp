#include "common/table.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace gpt {
namespace {

Table example() {
  Table table({{"rung"}, {"speed", "GFLOP/s", "{:.1f}"}, {"rows"}});
  table.row("naive", 1.62, 12);
  table.row("größer", std::nan(""), 5);
  return table;
}

TEST(Table, AlignsTextLeftAndNumbersRightWhateverTheirBytes) {
  EXPECT_EQ(example().text(1),
            " rung      speed  rows\n"
            "         GFLOP/s\n"
            " ──────  ───────  ────\n"
            " naive       1.6    12\n"
            " größer        –     5\n");
}

TEST(Table, IsAlsoMarkdown) {
  EXPECT_EQ(example().markdown(),
            "| rung | speed (GFLOP/s) | rows |\n"
            "| --- | ---: | ---: |\n"
            "| naive | 1.6 | 12 |\n"
            "| größer | – | 5 |\n");
}

TEST(Table, ARowHasOneCellForEachColumn) {
  Table table({{"a"}, {"b"}});
  EXPECT_THROW(table.row("alone"), Error);
}

}  // namespace
}  // namespace gpt
