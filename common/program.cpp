#include "common/program.hpp"

#include <cstdio>

#include "common/check.hpp"

namespace gpt {

int run_program(const std::string& name, const std::function<int()>& body) {
  try {
    return body();
  } catch (const UserError& error) {
    fmt::print(stderr, "{}: {}\n", name, error.what());
    return exit_user_error;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: internal error: {}\n", name, error.what());
    return exit_failure;
  }
}

}  // namespace gpt
