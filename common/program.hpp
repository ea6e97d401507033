#pragma once
// What every main() of the book shares: errors become exit codes.

#include <functional>
#include <string>

namespace gpt {

/// Exit codes of every program of the book.
enum ExitCode : int {
  exit_ok = 0,
  exit_failure = 1,     ///< the program ran and found something wrong, or is itself wrong
  exit_user_error = 2,  ///< the person can repair it: an option, a file, a full disk
  exit_lost_rank = 3,   ///< of several ranks: one is lost, or does something else than the others
};

/// Runs `body` and returns its exit code. A UserError becomes one sentence on stderr and code 2, any other
/// exception one line on stderr and code 1.
int run_program(const std::string& name, const std::function<int()>& body);

}  // namespace gpt
