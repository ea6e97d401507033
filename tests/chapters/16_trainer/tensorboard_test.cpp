// Event files: the checks, and the bytes of an Event.
#include "16_trainer/tensorboard.hpp"

#include <gmock/gmock.h>

#include "common/file.hpp"
#include "scratch.hpp"

namespace gpt {
namespace {

// RFC 3720, appendix B.4.
TEST(Crc32c, IsThatOfTheStandard) {
  EXPECT_EQ(crc32c(""), 0u);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  std::string ascending;
  for (char c = 0; c < 32; ++c) ascending += c;
  EXPECT_EQ(crc32c(ascending), 0x46dd794eu);
}

TEST(Crc32c, IsMaskedByATurnAndASum) {
  EXPECT_EQ(masked_crc32c(""), 0xa282ead8u);
  const uint32_t crc = crc32c("123456789");
  EXPECT_EQ(masked_crc32c("123456789"), ((crc >> 15) | (crc << 17)) + 0xa282ead8u);
}

TEST(EventRecord, IsLengthCheckDataCheck) {
  const std::string record = event_record("data");
  ASSERT_EQ(record.size(), 8u + 4 + 4 + 4);
  EXPECT_EQ(record.substr(0, 8), std::string("\4\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(record.substr(12, 4), "data");
}

TEST(ScalarEvent, HasTheBytesOfItsFields) {
  const std::vector<std::pair<std::string, float>> values{{"a", 1.0f}};
  const std::string event = scalar_event(1.0, 300, values);
  const std::string wall("\x09\0\0\0\0\0\0\xf0\x3f", 9), step("\x10\xac\x02", 3);
  const std::string value(
      "\x0a\x01"
      "a"
      "\x15\0\0\x80\x3f",
      8);
  EXPECT_EQ(event, wall + step + std::string("\x2a\x0a\x0a\x08") + value);
}

TEST(TensorBoardLog, BeginsAnewWithTheStepsThatAreLeft) {
  const auto folder = scratch_folder() / "tensorboard";
  StepMetrics one, two;
  one.step = 1, two.step = 2;
  TensorBoardLog(folder, {}).append(one);
  { TensorBoardLog log(folder, {one, two}); }
  int files = 0;
  std::string bytes;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    ++files, bytes = read_file(entry.path());
  EXPECT_EQ(files, 1);
  size_t count = 0;
  for (size_t at = 0; (at = bytes.find("loss/training", at)) != std::string::npos; ++at) ++count;
  EXPECT_EQ(count, 2u);
}

TEST(TensorBoardLog, HasTheGpusNumbersWhereThereAreAny) {
  const auto events = [](const GpuUse& gpu) {
    const auto folder = scratch_folder() / "tensorboard";
    { TensorBoardLog log(folder, {{.step = 1, .val_loss = {}, .gpu = gpu}}); }
    return read_file(std::filesystem::directory_iterator(folder)->path());
  };
  EXPECT_THAT(events({}), testing::Not(testing::HasSubstr("gpu/")));
  EXPECT_THAT(events({97, 80000}), testing::AllOf(testing::HasSubstr("gpu/utilization_percent"),
                                                  testing::HasSubstr("gpu/memory_mb")));
}

}  // namespace
}  // namespace gpt
