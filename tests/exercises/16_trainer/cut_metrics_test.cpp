#include "exercises/16_trainer/cut_metrics.hpp"

#include <gtest/gtest.h>

namespace gpt {
namespace {

const std::string three =
    "{\"step\":8,\"loss\":2.5}\n{\"step\":9,\"loss\":2.4}\n{\"step\":10,\"loss\":2.3}\n";

TEST(CutMetrics, KeepsTheStepsUpToTheLast) {
  EXPECT_EQ(cut_metrics(three, 10), three) << "step 10 was done: its line stays";
  EXPECT_EQ(cut_metrics(three, 9), three.substr(0, three.find("{\"step\":10")))
      << "10 > 9 as numbers; as text \"10\" < \"9\"";
  EXPECT_EQ(cut_metrics(three, 100), three);
  EXPECT_EQ(cut_metrics(three, 7), "");
}

TEST(CutMetrics, DropsALineThatIsHalf) {
  for (size_t length = three.find("{\"step\":10"); length < three.size(); ++length)
    ASSERT_EQ(cut_metrics(three.substr(0, length), 10), three.substr(0, three.find("{\"step\":10")))
        << "of the last line the first " << length - three.find("{\"step\":10")
        << " bytes are there: without its newline it is "
        << "not whole, even if it looks so";
}

TEST(CutMetrics, IsNotTakenInByAHalfNumber) {
  EXPECT_EQ(cut_metrics("{\"step\":1", 5), "") << "step 1, or the beginning of step 12";
}

TEST(CutMetrics, OfAnEmptyFile) {
  EXPECT_EQ(cut_metrics("", 5), "");
}

TEST(CutMetrics, OfLinesWithASpace) {
  EXPECT_EQ(cut_metrics("{\"step\": 3, \"loss\": 1}\n{\"step\": 4}\n", 3), "{\"step\": 3, \"loss\": 1}\n");
}

}  // namespace
}  // namespace gpt
