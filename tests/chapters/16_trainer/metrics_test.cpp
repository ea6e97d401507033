// metrics.jsonl: a line a step, and the cut when a run goes on from an earlier one.
#include "16_trainer/metrics.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "common/file.hpp"
#include "scratch.hpp"

namespace gpt {
namespace {

StepMetrics at(int64_t step) {
  StepMetrics m;
  m.step = step;
  m.train_loss = 1.0 / static_cast<double>(step);
  m.lr = 1e-3;
  if (step % 2 == 0) m.val_loss = 2.0;
  return m;
}

TEST(Metrics, EveryLineIsAnObjectWithItsKeys) {
  const auto path = scratch_folder() / "metrics.jsonl";
  MetricsLog log(path, 0);
  log.append(at(1));
  log.append(at(2));
  std::istringstream lines(read_file(path));
  std::string line;
  std::getline(lines, line);
  const auto first = nlohmann::json::parse(line);
  for (const char* key : {"step", "train_loss", "lr", "grad_norm", "tokens_per_second", "step_ms", "comm_ms"})
    EXPECT_TRUE(first.contains(key)) << key;
  EXPECT_FALSE(first.contains("val_loss"));
  std::getline(lines, line);
  EXPECT_EQ(nlohmann::json::parse(line)["val_loss"], 2.0);
}

TEST(Metrics, AResumedRunForgetsWhatCameAfterItsCheckpoint) {
  const auto path = scratch_folder() / "metrics.jsonl";
  {
    MetricsLog log(path, 0);
    for (int64_t step = 1; step <= 5; ++step) log.append(at(step));
  }
  const std::string five = read_file(path);
  write_quickly(path, five + "{\"step\":6,\"tr");  // the process was killed here
  { MetricsLog log(path, 3); }
  EXPECT_EQ(std::count_if(five.begin(), five.end(), [](char c) { return c == '\n'; }), 5);
  EXPECT_EQ(read_file(path), five.substr(0, read_file(path).size()));
  {
    MetricsLog log(path, 3);
    log.append(at(4));
    log.append(at(5));
  }
  EXPECT_EQ(read_file(path), five);
}

TEST(Metrics, AFileOfSomethingElseIsRefused) {
  const auto path = scratch_folder() / "metrics.jsonl";
  write_quickly(path, "what\n");
  EXPECT_THAT(complaint([&] { MetricsLog(path, 3); }), testing::HasSubstr("line 1"));
  EXPECT_EQ(read_file(path), "what\n");
}

TEST(Metrics, AFullDiskIsOneSentence) {
  MetricsLog log("/dev/full", 0);
  EXPECT_THAT(complaint([&] { log.append(at(1)); }), testing::HasSubstr("No space left"));
}

}  // namespace
}  // namespace gpt
