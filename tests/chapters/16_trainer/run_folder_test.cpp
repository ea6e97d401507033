// Run folders: none is ever taken over by another run.
#include "16_trainer/run_folder.hpp"

#include <gmock/gmock.h>

#include "scratch.hpp"

namespace gpt {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

class RunFolders : public testing::Test {
 protected:
  void SetUp() override { fs::current_path(scratch_folder()); }
  void TearDown() override { fs::current_path(before_); }
  const fs::path before_ = fs::current_path();
};

void make_run(const fs::path& path) {
  fs::create_directories(path);
  write_quickly(path / "config.json", "{}");
}

TEST_F(RunFolders, ANewRunTakesAFreeFolder) {
  EXPECT_EQ(new_run_folder("", "book").path, "out/book");
  EXPECT_FALSE(fs::exists("out"));  // asking makes nothing
  make_run("out/book");
  EXPECT_EQ(new_run_folder("", "book").path, "out/book-2");
  make_run("out/book-2");
  EXPECT_EQ(new_run_folder("", "book").path, "out/book-3");
  EXPECT_EQ(new_run_folder("mine", "book").path, "mine");
}

TEST_F(RunFolders, AFolderWithARunNamesTheWaysOn) {
  make_run("mine");
  EXPECT_THAT(complaint([] { new_run_folder("mine", "book"); }),
              AllOf(HasSubstr("--resume"), HasSubstr("--out")));
  fs::create_directories("letters");
  write_quickly("letters/to_mother.txt", "Dear mother");
  EXPECT_THAT(complaint([] { new_run_folder("letters", "book"); }), HasSubstr("--out"));
  write_quickly("file", "");
  complaint([] { new_run_folder("file", "book"); });
}

TEST_F(RunFolders, TheLatestRunIsFound) {
  complaint([] { existing_run_folder(""); });
  complaint([] { existing_run_folder("nowhere"); });
  make_run("out/old");
  make_run("out/new");
  fs::last_write_time("out/old/config.json", fs::file_time_type::clock::now() - std::chrono::hours(1));
  EXPECT_EQ(existing_run_folder("").path, "out/new");
  write_quickly("out/old/metrics.jsonl", "");
  fs::last_write_time("out/old/metrics.jsonl", fs::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_EQ(existing_run_folder("").path, "out/old");
  EXPECT_EQ(existing_run_folder("out/new").path, "out/new");
}

TEST_F(RunFolders, OneProcessAtATime) {
  make_run("mine");
  {
    const FolderLock lock("mine");
    EXPECT_THAT(complaint([] { FolderLock second("mine"); }), HasSubstr("another process"));
  }
  const FolderLock free_again("mine");
}

}  // namespace
}  // namespace gpt
