#include "common/chapter_program.hpp"

#include <gtest/gtest.h>

namespace gpt {
namespace {

/// What a program with the sections "first" and "second" does with these arguments.
struct Outcome {
  int code;
  std::vector<std::string> shown;
  std::string output, errors;
};

Outcome run(std::vector<const char*> arguments) {
  Outcome outcome{};
  arguments.insert(arguments.begin(), "program");
  ChapterProgram program("program", "A program for a test.");
  const auto show = [&](const char* name) {
    outcome.shown.push_back(program.stable() ? std::string(name) + ", stable" : name);
  };
  program.section("first", "The first", [&] { show("first"); });
  program.section("second", "The second", [&] { show("second"); });
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  outcome.code = program.run(static_cast<int>(arguments.size()), arguments.data());
  outcome.output = testing::internal::GetCapturedStdout();
  outcome.errors = testing::internal::GetCapturedStderr();
  return outcome;
}

TEST(ChapterProgram, ShowsAllSectionsInOrderUnderTheirTitles) {
  const Outcome outcome = run({});
  EXPECT_EQ(outcome.code, exit_ok);
  EXPECT_EQ(outcome.shown, (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(outcome.output, "The first\n─────────\n\n\nThe second\n──────────\n\n");
}

TEST(ChapterProgram, OnlyPicksSectionsAndStableReachesThem) {
  EXPECT_EQ(run({"--only", "second", "--stable"}).shown, std::vector<std::string>{"second, stable"});
  EXPECT_EQ(run({"--only", "second,first"}).shown, (std::vector<std::string>{"first", "second"}));
}

TEST(ChapterProgram, AnUnknownSectionIsTheUsersMistake) {
  const Outcome near = run({"--only", "secnd"});
  EXPECT_EQ(near.code, exit_user_error);
  EXPECT_EQ(near.errors, "program: there is no section secnd; did you mean second?\n");
  EXPECT_EQ(run({"--only", "zzzzzzzzz"}).errors,
            "program: there is no section zzzzzzzzz; the sections are first, second\n");
  EXPECT_TRUE(near.shown.empty());
}

}  // namespace
}  // namespace gpt
