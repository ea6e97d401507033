#include "04_text/text_source.hpp"

#include "04_text/split.hpp"
#include "common/file.hpp"
#include "helpers.hpp"

namespace gpt {
namespace {

using test::expect_contains;
using test::fresh_folder;
using test::put_file;
using test::user_error;
namespace fs = std::filesystem;

TEST(TextSource, AFileIsReadAsItIs) {
  const fs::path path = fresh_folder() / "a.txt";
  put_file(path, "Grüße\r\n");
  const TextSource source = read_text(path);
  EXPECT_EQ(source.text, "Grüße\r\n");
  EXPECT_EQ(source.files, std::vector<fs::path>{path});
}

TEST(TextSource, AFolderIsJoinedInSortedOrder) {
  const fs::path folder = fresh_folder();
  fs::create_directories(folder / "b" / "c");
  fs::create_directories(folder / ".git");
  put_file(folder / "z.txt", "last");
  put_file(folder / "a.txt", "first\n");
  put_file(folder / "b" / "c" / "middle.md", "middle");
  put_file(folder / ".git" / "config", "hidden");
  put_file(folder / ".hidden", "hidden");
  put_file(folder / "empty.txt", "");
  put_file(folder / "picture.png", std::string("\x89PNG\0\x01", 6));
  const TextSource source = read_text(folder);
  EXPECT_EQ(source.text, "first\n\nmiddle\n\nlast\n");
  EXPECT_EQ(source.files.size(), 3u);
  EXPECT_EQ(source.skipped, (std::vector<fs::path>{folder / "empty.txt", folder / "picture.png"}));
  EXPECT_EQ(read_text(folder, {".md"}).text, "middle\n");
}

TEST(TextSource, WhatIsNoTextIsRefusedInOneSentence) {
  const fs::path folder = fresh_folder();
  put_file(folder / "empty", "");
  put_file(folder / "binary", std::string("ab\0c", 4));
  put_file(folder / "latin1.txt",
           "Gr\xFC\xDF"
           "e");
  expect_contains(user_error([&] { read_text(folder / "missing"); }), "missing: No such file");
  expect_contains(user_error([&] { read_text(folder / "empty"); }), "empty is empty");
  expect_contains(user_error([&] { read_text(folder / "binary"); }),
                  "binary is no text: it has a NUL byte at offset 2");
  expect_contains(user_error([&] { read_text(folder / "latin1.txt"); }),
                  "latin1.txt is not UTF-8: the byte 0xfc at offset 2 begins no character");
  expect_contains(user_error([&] { read_text(folder); }), "latin1.txt is not UTF-8");
  fs::remove(folder / "latin1.txt");
  expect_contains(user_error([&] { read_text(folder); }), "there is no text file in the folder");
}

TEST(Split, TheLastPartIsForValidationCountedInCharacters) {
  const std::string text = "äöü456789ß";  // 10 characters, 14 bytes
  const TextSplit split = split_text(text, 0.1);
  EXPECT_EQ(split.training, "äöü456789");
  EXPECT_EQ(split.validation, "ß");
  EXPECT_EQ(split_text(text, 0).training, text);
}

TEST(Split, TheSizesAreNanoGptsForEveryLength) {
  for (int64_t n = 0; n < 3000; ++n) {
    const TokenSplit split = split_tokens(Tokens(std::vector<int32_t>(static_cast<size_t>(n))), 0.1);
    EXPECT_EQ(split.training.size(), static_cast<int64_t>(static_cast<double>(n) * 0.9));  // int(n * 0.9)
    EXPECT_EQ(split.training.size() + split.validation.size(), n);
  }
}

TEST(Split, AnImpossibleFractionIsAUserError) {
  expect_contains(user_error([] { split_text("abc", 1.0); }), "less than 1, not 1");
  expect_contains(user_error([] { split_tokens(Tokens(), -0.1); }), "at least 0");
}

}  // namespace
}  // namespace gpt
