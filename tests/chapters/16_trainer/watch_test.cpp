// gpt watch: the picture in dots, and what fits on the screen.
#include <gmock/gmock.h>

#include <cmath>

#include "16_trainer/braille.hpp"
#include "16_trainer/watch_screen.hpp"
#include "common/table.hpp"

namespace gpt {
namespace {

using testing::HasSubstr;

TEST(Braille, HasABitForEachDot) {
  BrailleCanvas one(1, 1);
  EXPECT_EQ(one.row(0), " ");
  one.dot(0, 0);
  EXPECT_EQ(one.row(0), "⠁");
  one.dot(1, 3);
  EXPECT_EQ(one.row(0), "⢁");
  for (int x = -1; x < 4; ++x)
    for (int y = -1; y < 6; ++y) one.dot(x, y);
  EXPECT_EQ(one.row(0), "⣿");
}

TEST(Braille, ACurveGoesFromItsHighestToItsLowest) {
  BrailleCanvas canvas(2, 1);
  draw_curve(canvas, {3, 2, 1, 0}, 0, 3);
  EXPECT_EQ(canvas.row(0), "⠑⢄");
  BrailleCanvas few(4, 1), empty(4, 1);
  draw_curve(few, {1, NAN}, 0, 3);
  draw_curve(empty, {NAN, NAN}, 0, 3);
  EXPECT_EQ(empty.row(0), "    ");
}

TEST(WatchScreen, FitsWhateverTheSizeOfTheTerminal) {
  std::vector<StepMetrics> steps(50);
  for (size_t i = 0; i < steps.size(); ++i) {
    steps[i].step = static_cast<int64_t>(i + 1);
    steps[i].train_loss = 5.0 / static_cast<double>(i + 1);
    steps[i].step_ms = 100, steps[i].comm_ms = 25, steps[i].comm_total_ms = 50;
    steps[i].tokens_per_second = 1234567;
  }
  steps[30].val_loss = 2.5;
  steps.back().gpu = {97, 80123};
  const Watched run{.name = "out/\x1b[31mrun", .steps_wanted = 100, .steps = &steps, .message = "why"};
  for (const int columns : {1, 7, 12, 20, 40, 80, 200})
    for (const int rows : {1, 2, 3, 5, 10, 24, 60}) {
      const auto lines = watch_screen(run, columns, rows, false);
      EXPECT_LE(lines.size(), static_cast<size_t>(rows));
      for (const std::string& line : lines) {
        EXPECT_LE(display_width(line), columns) << line;
        EXPECT_EQ(line.find('\x1b'), std::string::npos);
      }
    }
  std::string all;
  for (const std::string& line : watch_screen(run, 80, 24, false)) all += line + "\n";
  for (const char* words :
       {"running", "50/100", "5s left", "loss 0.1000", "val 2.5000 (step 31)", "1,234,567 tokens/s",
        "waiting for gradients 25%", "GPU 97%", "GPU memory 80.1 GB"})
    EXPECT_THAT(all, HasSubstr(words));
}

TEST(WatchScreen, SaysThatThereIsNoStepYet) {
  const std::vector<StepMetrics> none;
  const Watched run{.name = "run", .steps_wanted = 100, .steps = &none, .message = ""};
  EXPECT_THAT(watch_screen(run, 80, 24, false), testing::ElementsAre("run: running", "no step is done yet"));
}

}  // namespace
}  // namespace gpt
