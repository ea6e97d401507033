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
