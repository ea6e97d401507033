#pragma once
// What the tests of chapter 04 share.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <unordered_map>

#include "04_text/bpe_tokenizer.hpp"
#include "04_text/utf8.hpp"
#include "common/check.hpp"

namespace gpt::test {

/// A folder that this process has for itself and removes when it ends.
class ScratchFolder {
 public:
  ScratchFolder()
      : path_(std::filesystem::path(testing::TempDir()) / fmt::format("gpt_04_text.{}", getpid())) {}
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// An empty folder for the test that runs.
inline std::filesystem::path fresh_folder() {
  static const ScratchFolder scratch;
  const auto* info = testing::UnitTest::GetInstance()->current_test_info();
  const auto folder = scratch.path() / info->test_suite_name() / info->name();
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

/// Writes a file without syncing it: a test that spoils a file a thousand times need not wait for the disk.
inline void put_file(const std::filesystem::path& path, const std::string& contents) {
  std::ofstream(path, std::ios::binary) << contents;
}

/// The sentence of the UserError that `action` throws; a failure when it throws none.
inline std::string user_error(const std::function<void()>& action) {
  try {
    action();
  } catch (const UserError& error) {
    return error.what();
  }
  ADD_FAILURE() << "expected a UserError, and none was thrown";
  return "";
}

inline void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "'" << text << "' should contain '" << part << "'";
}

inline std::string random_bytes(std::mt19937& random, size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

/// Valid UTF-8 with code points of every length, spaces, digits, quotes and letters.
inline std::string random_text(std::mt19937& random, size_t code_points) {
  static const std::u32string common =
      U"   \n\n\t''sretvemlld.,!?0123456789abcdeABCDEaaeettäöüßéñПриветмир你好世界٣४½²😀\u00A0\u3000";
  std::string text;
  while (code_points > 0) {
    char32_t c = random() % 10 > 0 ? common[random() % common.size()] : random() % 0x110000;
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    append_utf8(text, c);
    --code_points;
  }
  return text;
}

/// BPE as the paper says it, with no cleverness: while some neighbours have a merge, take the earliest merge
/// among them and apply it from left to right.
inline std::vector<int32_t> merge_naively(std::vector<int32_t> tokens, const std::vector<BpeMerge>& merges) {
  for (;;) {
    size_t best = merges.size();
    for (size_t i = 0; i + 1 < tokens.size(); ++i)
      for (size_t rank = 0; rank < best; ++rank)
        if (merges[rank].left == tokens[i] && merges[rank].right == tokens[i + 1]) best = rank;
    if (best == merges.size()) return tokens;
    std::vector<int32_t> merged;
    for (size_t i = 0; i < tokens.size(); ++i) {
      if (i + 1 < tokens.size() && tokens[i] == merges[best].left && tokens[i + 1] == merges[best].right) {
        merged.push_back(merges[best].token);
        ++i;
      } else {
        merged.push_back(tokens[i]);
      }
    }
    tokens = merged;
  }
}

}  // namespace gpt::test
