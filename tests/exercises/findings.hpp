#pragma once
// What GoogleTest says about a failed test, in the order in which a learner wants to read it.

#include <gtest/gtest.h>

#include <string>

namespace gpt {

/// What the checks of a test found, one below the other: first what the test's author says about it, then
/// GoogleTest's values, then the place. Of one place only the first, and how many more there are. `todo`
/// becomes what is to be done, where a check met a todo().
std::string findings(const testing::TestResult& result, std::string& todo);

/// One finding. message: as GoogleTest has put it together, file: as the compiler knows it.
std::string finding(const std::string& message, const char* file, int line);

}  // namespace gpt
