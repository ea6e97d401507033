#include <CLI/CLI.hpp>

#include "common/program.hpp"

#include <gtest/gtest.h>

#include "common/check.hpp"

namespace gpt {
namespace {

TEST(Program, ErrorsBecomeExitCodes) {
  EXPECT_EQ(run_program("test", [] { return 7; }), 7);
  EXPECT_EQ(run_program("test", []() -> int { throw UserError("no such file"); }), exit_user_error);
  EXPECT_EQ(run_program("test", []() -> int { throw std::runtime_error("broken"); }), exit_failure);
}

TEST(Program, AnUnknownOptionIsAnsweredWithTheNearest) {
  CLI::App app;
  int steps = 0;
  app.add_option("--steps", steps);
  const char* const arguments[] = {"program", "--stpes", "3"};
  try {
    parse_arguments(app, 3, arguments);
    FAIL() << "--stpes was taken";
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(), "unknown argument --stpes; did you mean --steps?");
  }
}

TEST(Program, NearestNameStaysSilentWhenNothingIsNear) {
  EXPECT_EQ(nearest_name("--bach", {"--batch", "--steps"}), "--batch");
  EXPECT_EQ(nearest_name("--zzzzzz", {"--batch", "--steps"}), "");
}

TEST(Check, FailedChecksShowExpressionAndValues) {
  try {
    const int rows = 2;
    GPT_CHECK_EQ(rows, 3);
    FAIL();
  } catch (const Error& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("rows == 3"), std::string::npos) << text;
    EXPECT_NE(text.find("2 against 3"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace gpt
