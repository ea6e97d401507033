#pragma once
// A folder for each test, empty at its beginning.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace gpt {

inline std::filesystem::path scratch_folder() {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / (std::string(test->test_suite_name()) + "." + test->name());
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

/// Without a sync to the disk: tests damage thousands of files.
inline void write_quickly(const std::filesystem::path& path, const std::string& contents) {
  std::filesystem::remove(path);
  std::ofstream(path, std::ios::binary) << contents;
}

/// The message of the UserError that `body` throws; fails when it throws none.
template <class Body>
std::string complaint(Body&& body);

}  // namespace gpt

#include "common/check.hpp"

template <class Body>
std::string gpt::complaint(Body&& body) {
  try {
    body();
  } catch (const UserError& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos)
        << "more than one line: " << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was complained about";
  return "";
}
