#include "common/check.hpp"

namespace gpt::detail {

void check_failed(const char* file, int line, const char* expression, const std::string& message) {
  throw Error(fmt::format("{}:{}: check failed: {}: {}", file, line, expression, message));
}

void user_error(const std::string& message) { throw UserError(message); }

}  // namespace gpt::detail
