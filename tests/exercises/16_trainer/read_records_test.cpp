#include "exercises/16_trainer/read_records.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "common/check.hpp"

namespace gpt {
namespace {

const std::vector<std::string> three{"one", "", std::string("\0\1\2", 3)};

std::string file_of(const std::vector<std::string>& data) {
  std::string file;
  for (const std::string& record : data) file += event_record(record);
  return file;
}

/// What reading these bytes ends with: "read", or "refused" with a UserError.
std::string outcome(const std::string& file) {
  try {
    read_records(file);
    return "read";
  } catch (const UserError&) {
    return "refused";
  }
}

TEST(ReadRecords, ReadsAllThatIsThere) {
  const Records records = read_records(file_of(three));
  EXPECT_EQ(records.data, three);
  EXPECT_EQ(records.bytes, file_of(three).size());
  EXPECT_TRUE(read_records("").data.empty());
}

TEST(ReadRecords, LeavesALastRecordThatIsNotWholeForLater) {
  const std::string two = file_of({"one", "two"}), one = file_of({"one"});
  for (size_t length = one.size(); length < two.size(); ++length) {
    ASSERT_EQ(outcome(two.substr(0, length)), "read")
        << "the writer is at work: " << length - one.size() << " bytes of a record are there, and no mistake";
    const Records records = read_records(two.substr(0, length));
    ASSERT_EQ(records.data, std::vector<std::string>{"one"})
        << "a record without its last check is not whole";
    ASSERT_EQ(records.bytes, one.size()) << "reading goes on behind the last whole record";
  }
}

TEST(ReadRecords, RefusesAnyByteThatWasChanged) {
  const std::string whole = file_of({"some data", "and more"});
  const size_t second = event_record("some data").size();
  for (size_t byte = 0; byte < whole.size(); ++byte)
    for (const char flip : {1, 64}) {
      std::string damaged = whole;
      damaged[byte] = static_cast<char>(damaged[byte] ^ flip);
      const size_t place = byte < second ? byte : byte - second;
      ASSERT_EQ(outcome(damaged), "refused")
          << (place < 12 ? "a length was changed, and believed: compare its check first"
                         : "data were changed, and nobody noticed");
    }
}

TEST(ReadRecords, BelievesNoLengthThatWouldWrapRound) {
  std::string length(8, '\xff');
  length[0] = '\xf0';  // 2^64 - 16: plus 12 and 4 it is 0
  const uint32_t check = masked_crc32c(length);
  std::string file = length + std::string(4, '\0') + "xxxx";
  std::memcpy(file.data() + 8, &check, sizeof check);
  EXPECT_TRUE(read_records(file).data.empty())
      << "a length near 2^64 passed: length + 16 is less than length";
}

}  // namespace
}  // namespace gpt
