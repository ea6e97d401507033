// The pictures, and the link that is not there.

#include "11_ddp/pictures.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "03_optimizers/initialisation.hpp"
#include "11_ddp/slow_link.hpp"

namespace gpt {
namespace {

TEST(Pictures, AStepOfAllRanksBeginsWithTheFirst) {
  const RankTimeline early{0, {{"main", "forward", 1.0, 1.2}, {"main", "step 7", 1.0, 1.5}}};
  const RankTimeline late{0,
                          {{"main", "forward", 0.1, 0.2},  // of another step
                           {"main", "layer 3", 1.2, 1.4},
                           {"communication", "bucket 12", 1.3, 1.45},
                           {"main", "backward", 1.1, 1.4},  // its layers stand for it
                           {"main", "step 7", 1.1, 1.6}}};
  const GanttPanel panel = step_panel("title", {late, early}, 7);
  ASSERT_EQ(panel.lanes.size(), 4u);
  ASSERT_EQ(panel.lanes[0].bars.size(), 1u);
  EXPECT_NEAR(panel.lanes[0].bars[0].from, 200, 1e-9);
  EXPECT_EQ(panel.lanes[0].bars[0].mark, '3');
  ASSERT_EQ(panel.lanes[1].bars.size(), 1u);
  EXPECT_NEAR(panel.lanes[1].bars[0].to, 450, 1e-9);
  EXPECT_EQ(panel.lanes[1].bars[0].label, "12");
  EXPECT_NEAR(panel.lanes[2].bars[0].from, 0, 1e-9);
  EXPECT_TRUE(panel.lanes[3].bars.empty());
  EXPECT_THROW(step_panel("title", {late, early}, 8), Error);
}

TEST(Pictures, EveryParameterAndEveryBucketIsInTheirs) {
  ParameterStore store;
  for (const char* name : {"wte.weight", "h.0.a", "h.1.a"}) store.declare(name, {20}, initial::ones());
  store.allocate(1);
  const auto at = [](int ms) {
    return std::chrono::steady_clock::time_point() + std::chrono::milliseconds(ms);
  };
  const BucketPlan plan = plan_buckets(store, 128);
  const std::string svg = bucket_svg(store, plan,
                                     {{at(10), at(20)},
                                      {at(12), at(14), at(20)},
                                      std::vector<Interval>(plan.buckets.size(), {at(20), at(25)})});
  for (const char* text :
       {">embedding<", ">layer 0<", ">layer 1<", ">bucket 0<", ">bucket 2<", ">backward ends<"})
    EXPECT_THAT(svg, testing::HasSubstr(text));
  EXPECT_THAT(svg, testing::EndsWith("</svg>\n"));
}

TEST(SlowLink, SumsAndTakesTheTimeOfItsLink) {
  run_threads(3, [](Communicator& communicator) {
    SlowLinkReducer reducer(communicator, {.alpha = 1e-3, .beta = 1e-6});
    const Tensor a = Tensor::full({300}, communicator.rank()), b = Tensor::full({30}, 1.0);
    const auto first = reducer.start(0, a), second = reducer.start(1, b);
    first->wait();
    second->wait();
    EXPECT_EQ(a.at<float>({299}), 3.0f);
    EXPECT_EQ(b.at<float>({29}), 3.0f);
    // Four messages, and 4/3 of the bytes: the clock cannot show less.
    EXPECT_GE(first->interval().seconds(), 4e-3 + 1200 * 4 / 3 * 1e-6);
    EXPECT_GE(second->interval().seconds(), 4e-3 + 120 * 4 / 3 * 1e-6);
    EXPECT_GE(second->interval().start, first->interval().end);
  });
}

}  // namespace
}  // namespace gpt
