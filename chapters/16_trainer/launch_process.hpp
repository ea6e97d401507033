#pragma once
// Processes that a launcher starts, and the signals that it gets.

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace gpt {

/// While it lives, SIGINT, SIGTERM, SIGHUP and SIGCHLD are not acted on but kept, to be read. One at a time;
/// a process of one thread.
class LaunchSignals {
 public:
  LaunchSignals();
  ~LaunchSignals();
  LaunchSignals(const LaunchSignals&) = delete;
  LaunchSignals& operator=(const LaunchSignals&) = delete;

  int descriptor() const { return descriptor_; }  ///< readable when there is something to take
  /// Takes what has come. True when one of the first three was among it: somebody wants all to end.
  bool take_wish();

 private:
  int descriptor_ = -1;
};

/// A child process in a session of its own, where the terminal's Ctrl-C does not reach it. It reads nothing,
/// writes to this process's stdout, and its stderr comes here.
class ChildProcess {
 public:
  /// Starts words[0], sought in PATH, with these words. `at_our_death` is what the kernel sends the child
  /// should this process die without a word. Throws Error.
  ChildProcess(const std::vector<std::string>& words, int at_our_death);
  ~ChildProcess();  ///< a child that still runs is killed
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Readable when there are lines; -1 after the last.
  int errors() const { return errors_; }
  /// The whole lines of stderr that are there now, without newlines; after the end of it also what stands
  /// without one. Does not wait.
  std::vector<std::string> take_lines();
  void signal(int number) const;
  /// The exit code once the child has ended, 128 and the number where a signal ended it. Does not wait.
  std::optional<int> exit_code();

 private:
  pid_t process_ = -1;
  int errors_ = -1;
  std::string partial_;  // a line whose end has not come
  std::optional<int> exit_code_;
};

}  // namespace gpt
