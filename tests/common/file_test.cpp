#include "common/file.hpp"

#include <gtest/gtest.h>

#include "common/check.hpp"

namespace gpt {
namespace {

namespace fs = std::filesystem;

/// A folder of its own for each test.
fs::path fresh_folder() {
  const auto* info = testing::UnitTest::GetInstance()->current_test_info();
  const fs::path folder = fs::path(testing::TempDir()) / "gpt_file_test" / info->name();
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

TEST(File, WhatIsWrittenIsReadBack) {
  const fs::path path = fresh_folder() / "file";
  write_file_atomically(path, "one");
  write_file_atomically(path, "two");
  EXPECT_EQ(read_file(path), "two");
  const MappedFile mapped(path);
  EXPECT_EQ(checksum(mapped.bytes()), checksum("two"));
}

TEST(File, AnUnfinishedWriterLeavesNothing) {
  const fs::path path = fresh_folder() / "file";
  { FileWriter(path).write("half", 4); }
  EXPECT_FALSE(fs::exists(path));
}

TEST(File, MistakesNameThePathAndTheReason) {
  const fs::path folder = fresh_folder();
  for (const fs::path& path : {folder / "absent", folder}) {
    try {
      read_file(path);
      FAIL() << "reading " << path << " did not throw";
    } catch (const UserError& error) {
      EXPECT_NE(std::string(error.what()).find(path.string()), std::string::npos) << error.what();
    }
  }
  EXPECT_THROW(write_file_atomically(folder / "absent" / "file", "x"), UserError);
}

TEST(File, AFullDiskIsAUserErrorAndLeavesTheOldFile) {
  EXPECT_THROW(
      {
        FileWriter writer("/dev/full");
        writer.write("x", 1);
      },
      UserError);
}

TEST(Checksum, DependsOnEveryByteAndOnTheSeed) {
  EXPECT_NE(checksum("abc"), checksum("abd"));
  EXPECT_NE(checksum("abc"), checksum("abc", 1));
}

}  // namespace
}  // namespace gpt
