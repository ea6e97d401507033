// gpt report: what stands on the page, and what cannot get onto it.
#include "16_trainer/report_page.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "16_trainer/report_charts.hpp"
#include "16_trainer/timeline_picture.hpp"
#include "common/file.hpp"
#include "scratch.hpp"

namespace gpt {
namespace {

using testing::HasSubstr;
using testing::Not;

RunFolder run_with(const std::string& config, int64_t steps) {
  const RunFolder run{scratch_folder()};
  write_quickly(run.config(), config);
  std::string lines;
  for (int64_t step = 1; step <= steps; ++step)
    lines +=
        fmt::format(R"({{"step":{},"train_loss":{},"grad_norm":1,"step_ms":2,"comm_ms":1,"comm_total_ms":1}})"
                    "\n",
                    step, 5.0 / static_cast<double>(step));
  write_quickly(run.metrics(), lines);
  return run;
}

std::string page(const RunFolder& run) {
  return report_page(view_run(run), "today");
}

TEST(Report, EscapesEverythingThatComesFromFiles) {
  const std::string evil = "<script>alert(1)</script>";
  const RunFolder run = run_with(R"({"steps":9,"batch":2,"context":4,"data":")" + evil + R"(",")" + evil +
                                     R"(":")" + evil + R"(","layers":")" + evil + R"("})",
                                 3);
  write_quickly(run.sample(), evil + " & \xff");
  RunPeriod period;
  period.backend = period.sums = evil;
  write_beginning(run.history(), period);
  period.ending = "bad number", period.message = evil;
  write_ending(run.history(), period);
  write_quickly(
      run.path / "timeline.json",
      R"({"traceEvents":[{"ph":"X","pid":0,"tid":0,"name":"step 1","ts":0,"dur":9000},)"
      R"({"ph":"X","pid":0,"tid":0,"name":"<script>alert(1)</script>","ts":0,"dur":8000},)"
      R"({"ph":"M","pid":0,"tid":0,"name":"thread_name","args":{"name":"<script>alert(1)</script>"}}]})");
  const std::string html = page(run);
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(1)"));
  EXPECT_THAT(html, HasSubstr("One step, by rank"));
}

TEST(Report, AsksNobodyForAnything) {
  const std::string html = page(run_with(R"({"steps":9,"batch":2,"context":4})", 3));
  for (const char* request : {"src=", "href=", "@import", "url(http", "//cdn", "<link", "<iframe"})
    EXPECT_THAT(html, Not(HasSubstr(request)));
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
}

TEST(Report, TellsHowARunEnded) {
  const RunFolder run = run_with(R"({"steps":3,"batch":2,"context":4})", 3);
  EXPECT_EQ(view_run(run).status, RunStatus::done);
  write_quickly(run.config(), R"({"steps":5})");
  EXPECT_EQ(view_run(run).status, RunStatus::killed);
  RunPeriod period;
  write_beginning(run.history(), period);
  EXPECT_EQ(view_run(run).status, RunStatus::killed);
  period.ending = "stopped";
  write_ending(run.history(), period);
  EXPECT_EQ(view_run(run).status, RunStatus::stopped);
  period.ending = "bad number", period.message = "step 4: the loss is nan";
  write_ending(run.history(), period);
  EXPECT_EQ(view_run(run).status, RunStatus::bad_number);
  EXPECT_THAT(page(run), HasSubstr("step 4: the loss is nan"));
  const FolderLock lock(run.path);
  EXPECT_EQ(view_run(run).status, RunStatus::running);
}

TEST(Report, HasAPageForARunWithoutASingleStep) {
  const RunFolder run = run_with(R"({"steps":3})", 0);
  EXPECT_THAT(page(run), HasSubstr("No step is done yet"));
  std::filesystem::remove(run.metrics());
  EXPECT_THAT(page(run), HasSubstr("No step is done yet"));
}

TEST(Report, MarksWhereARunWasResumed) {
  const RunFolder run = run_with(R"({"steps":90,"batch":2,"context":4})", 60);
  RunPeriod period;
  write_beginning(run.history(), period);
  const std::string once = page(run);
  period.first_step = 30;
  write_beginning(run.history(), period);
  EXPECT_THAT(once, Not(HasSubstr("line s7 dashed")));
  EXPECT_THAT(page(run), HasSubstr("line s7 dashed"));
}

TEST(Report, DrawsWhatADriverSaidOfAGpu) {
  const RunFolder run = run_with(R"({"steps":9,"batch":2,"context":4})", 3);
  EXPECT_THAT(page(run), Not(HasSubstr("GPU")));
  std::ofstream(run.metrics(), std::ios::app) << R"({"step":4,"train_loss":1,"gpu_utilization":97})"
                                              << "\n";
  EXPECT_THAT(page(run),
              testing::AllOf(HasSubstr("in which a kernel ran"), Not(HasSubstr("in use by everybody"))));
  std::ofstream(run.metrics(), std::ios::app) << R"({"step":5,"train_loss":1,"gpu_memory_mb":80000})"
                                              << "\n";
  EXPECT_THAT(page(run), HasSubstr("in use by everybody"));
}

TEST(Curve, BreaksWhereStepsAreMissing) {
  std::vector<StepMetrics> steps(3);
  steps[0].step = 1, steps[1].step = 2, steps[2].step = 7;
  const auto points = curve(steps, &StepMetrics::lr);
  ASSERT_EQ(points.size(), 4u);
  EXPECT_TRUE(std::isnan(points[2].y));
}

TEST(Smoothed, IsTheMeanOfTheLastPointsAndBeginsAnewAfterABreak) {
  const double nan = std::nan("");
  const auto points = smoothed({{1, 4}, {2, 2}, {3, 6}, {4, nan}, {5, 8}, {6, 0}}, 2);
  std::vector<double> values;
  for (const PlotPoint& p : points) values.push_back(p.y);
  EXPECT_THAT(values, testing::ElementsAre(4, 3, 4, testing::NanSensitiveDoubleEq(nan), 8, 4));
}

TEST(TimelinePicture, IsEmptyForWhatIsNoTimeline) {
  for (const char* text : {"", "what", "[]", "{}", R"({"traceEvents":3})", R"({"traceEvents":[{"ph":"X"}]})",
                           R"({"traceEvents":[{"ph":"X","pid":0,"tid":0,"name":"forward","ts":0,"dur":1}]})"})
    EXPECT_EQ(timeline_picture(text), "") << text;
}

TEST(TimelinePicture, SaysWhatTheShortestBarIs) {
  EXPECT_THAT(
      timeline_picture(R"({"traceEvents":[{"ph":"X","pid":0,"tid":0,"name":"step 1","ts":0,"dur":9000},)"
                       R"({"ph":"X","pid":0,"tid":0,"name":"optimizer","ts":0,"dur":1}]})"),
      HasSubstr("</svg>optimizer</span>"));
}

}  // namespace
}  // namespace gpt
