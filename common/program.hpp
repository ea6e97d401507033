#pragma once
// What every main() of the book shares: errors to exit codes, and an argument parser that forgives.

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

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

/// Parses the command line. Returns true when the program should go on; false when help was asked for and
/// printed. Throws UserError for a wrong command line; an unknown option is answered with the nearest known
/// one.
bool parse_arguments(CLI::App& app, int argc, const char* const* argv);

/// The candidate with the smallest edit distance to `word`, or "" when none is near enough to be meant.
std::string nearest_name(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace gpt
