#pragma once
// Errors: what the book throws, and the checks that throw it.

#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace gpt {

/// Something is wrong in the program: an invariant or a precondition does not hold.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Something is wrong that the person at the keyboard can repair: a missing file, an impossible option.
/// `what()` is one clear sentence. Programs print it and exit with code 2 (see program.hpp).
class UserError : public Error {
 public:
  using Error::Error;
};

namespace detail {
[[noreturn]] void check_failed(const char* file, int line, const char* expression, const std::string& message);
[[noreturn]] void user_error(const std::string& message);
}  // namespace detail

}  // namespace gpt

/// Throws gpt::Error with the place, the expression and the message unless `condition` holds.
/// The message is a format string of {fmt} with its values: GPT_CHECK(n > 0, "got {} rows", n).
#define GPT_CHECK(condition, ...)                                                                    \
  do {                                                                                               \
    if (!(condition)) [[unlikely]]                                                                   \
      ::gpt::detail::check_failed(__FILE__, __LINE__, #condition, ::fmt::format(__VA_ARGS__));       \
  } while (false)

/// Throws gpt::Error with both expressions and both values unless they are equal.
#define GPT_CHECK_EQ(left, right)                                                                    \
  do {                                                                                               \
    const auto& gpt_left = (left);                                                                   \
    const auto& gpt_right = (right);                                                                 \
    if (!(gpt_left == gpt_right)) [[unlikely]]                                                       \
      ::gpt::detail::check_failed(__FILE__, __LINE__, #left " == " #right,                           \
                                  ::fmt::format("{} against {}", gpt_left, gpt_right));              \
  } while (false)

/// Throws gpt::UserError with the message, one sentence for the person who can repair it, unless `condition` holds.
#define GPT_REQUIRE(condition, ...)                                                                  \
  do {                                                                                               \
    if (!(condition)) [[unlikely]] ::gpt::detail::user_error(::fmt::format(__VA_ARGS__));            \
  } while (false)
