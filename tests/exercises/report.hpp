#pragma once
// What a learner reads, and what a grader believes.

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace gpt {

/// Prints one line per test, "  ✓ is a view", or "  ✗ …" and below it what the checks found; for an exercise
/// that is still to be done "  TODO …", once. Where the environment names a file EXERCISE_REPORT, a line of
/// JSON per test goes there, and one at the end: {"nonce", "test", "verdict": "passed|failed|todo|skipped",
/// "output"}.
class ExerciseReport : public testing::EmptyTestEventListener {
 public:
  ExerciseReport();

 private:
  void OnTestStart(const testing::TestInfo& test) override;
  void OnTestEnd(const testing::TestInfo& test) override;
  void OnTestProgramEnd(const testing::UnitTest& tests) override;
  void write(const std::string& test, const std::string& verdict, const std::string& output);

  std::ofstream file_;
  bool todo_ = false;
};

/// For one rank of several: what it finds wrong in a test, as soon as it does, in a file beside that of the
/// report. When the other ranks then wait for it until the time is up, that is all there is to say why.
class RankReport : public testing::EmptyTestEventListener {
 private:
  void OnTestStart(const testing::TestInfo& test) override;
  void OnTestPartResult(
      const testing::TestPartResult& part) override;  // GoogleTest is locked meanwhile: ask it nothing

  const testing::TestInfo* test_ = nullptr;
};

}  // namespace gpt
