// metrics.jsonl as somebody sees it who does not write it.
#include "16_trainer/metrics_reader.hpp"

#include <gmock/gmock.h>

#include "common/file.hpp"
#include "scratch.hpp"

namespace gpt {
namespace {

std::string line(int64_t step) {
  return fmt::format("{{\"step\":{},\"train_loss\":{}.5,\"lr\":0.001}}\n", step, step);
}

void append(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::app) << text;
}

std::vector<int64_t> steps_of(const MetricsReader& reader) {
  std::vector<int64_t> steps;
  for (const StepMetrics& m : reader.steps()) steps.push_back(m.step);
  return steps;
}

TEST(MetricsReader, ReadsWhatTheLogWrites) {
  const auto path = scratch_folder() / "metrics.jsonl";
  StepMetrics m{.step = 1, .train_loss = 2.5, .val_loss = 3.5, .lr = 1e-3};
  m.grad_norm = 0.5, m.tokens_per_second = 100, m.step_ms = 7, m.comm_ms = 1, m.comm_total_ms = 2;
  m.comm_hidden_ms = 1.5, m.wire_bytes = 12345678901, m.memory_mb = 42;
  MetricsLog(path, 0).append(m);
  MetricsReader reader(path);
  EXPECT_TRUE(reader.poll());
  ASSERT_EQ(reader.steps().size(), 1u);
  const StepMetrics& read = reader.steps().front();
  EXPECT_EQ(read.val_loss, m.val_loss);
  EXPECT_EQ(read.wire_bytes, m.wire_bytes);
  for (const auto number :
       {&StepMetrics::train_loss, &StepMetrics::lr, &StepMetrics::grad_norm, &StepMetrics::tokens_per_second,
        &StepMetrics::step_ms, &StepMetrics::comm_ms, &StepMetrics::comm_total_ms,
        &StepMetrics::comm_hidden_ms, &StepMetrics::memory_mb})
    EXPECT_EQ(read.*number, m.*number);
}

TEST(MetricsReader, ReadsOfAGpuWhatItsDriverSaid) {
  const auto path = scratch_folder() / "metrics.jsonl";
  const std::vector<GpuUse> said{{}, {97, 80123.5}, {std::nullopt, 1.25}, {0, std::nullopt}};
  {
    MetricsLog log(path, 0);
    for (const GpuUse& gpu : said) log.append({.step = 1, .val_loss = {}, .gpu = gpu});
  }
  const std::string text = read_file(path);
  EXPECT_EQ(text.substr(0, text.find('\n')).find("gpu"), std::string::npos) << text;
  MetricsReader reader(path);
  reader.poll();
  std::vector<GpuUse> read;
  for (const StepMetrics& m : reader.steps()) read.push_back(m.gpu);
  EXPECT_EQ(read, said);
}

TEST(MetricsReader, WaitsForTheRestOfALine) {
  const auto path = scratch_folder() / "metrics.jsonl";
  MetricsReader reader(path);
  EXPECT_FALSE(reader.poll()) << "there is no file yet";
  const std::string text = line(1) + line(2) + line(3);
  for (size_t byte = 0; byte < text.size(); ++byte) {  // the file grows by single bytes
    append(path, text.substr(byte, 1));
    EXPECT_EQ(reader.poll(), text[byte] == '\n') << byte;
  }
  EXPECT_THAT(steps_of(reader), testing::ElementsAre(1, 2, 3));
  EXPECT_EQ(reader.damaged_lines(), 0);
}

TEST(MetricsReader, BeginsAnewWhereARunWasResumed) {
  const auto path = scratch_folder() / "metrics.jsonl";
  for (int64_t step = 1; step <= 5; ++step) append(path, line(step));
  MetricsReader reader(path);
  reader.poll();
  { MetricsLog log(path, 3); }                          // cuts the file back
  append(path, line(4) + line(5) + line(6) + line(7));  // and is longer than before when we look again
  EXPECT_TRUE(reader.poll());
  EXPECT_THAT(steps_of(reader), testing::ElementsAre(1, 2, 3, 4, 5, 6, 7));
  EXPECT_FALSE(reader.poll());
  std::filesystem::remove(path);
  EXPECT_TRUE(reader.poll());
  EXPECT_TRUE(reader.steps().empty());
}

TEST(MetricsReader, LeavesOutWhatIsNoLineOfMetrics) {
  const auto path = scratch_folder() / "metrics.jsonl";
  append(
      path,
      line(1) +
          "what\n[1]\n{\"step\":\"2\",\"train_loss\":1}\n{\"step\":2}\n\n{\"step\":3,\"train_loss\":nan}\n" +
          line(4));
  MetricsReader reader(path);
  reader.poll();
  EXPECT_THAT(steps_of(reader), testing::ElementsAre(1, 4));
  EXPECT_EQ(reader.damaged_lines(), 5);
}

}  // namespace
}  // namespace gpt
