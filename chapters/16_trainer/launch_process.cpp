#include "16_trainer/launch_process.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "common/check.hpp"

namespace gpt {
namespace {

constexpr int cannot_start = 127;  // as a shell says it

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&set, number);
  return set;
}

/// In the child, between fork() and the program: only calls that may stand there.
[[noreturn]] void become(char* const* words, int stdin_file, int stderr_file, int at_our_death,
                         pid_t parent) {
  const sigset_t watched = watched_signals();
  ::sigprocmask(SIG_UNBLOCK, &watched, nullptr);
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, at_our_death);
  if (::getppid() != parent) ::_exit(cannot_start);  // it died before it could be asked for that signal
  ::dup2(stdin_file, STDIN_FILENO);
  ::dup2(stderr_file, STDERR_FILENO);
  ::execvp(words[0], words);
  const char* const what = words[0];
  for (const char* const text : {what, " cannot be started\n"})
    if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) break;
  ::_exit(cannot_start);
}

}  // namespace

LaunchSignals::LaunchSignals() {
  const sigset_t watched = watched_signals();
  ::sigprocmask(SIG_BLOCK, &watched, nullptr);
  descriptor_ = ::signalfd(-1, &watched, SFD_NONBLOCK | SFD_CLOEXEC);
  GPT_CHECK(descriptor_ >= 0, "signalfd: {}", std::strerror(errno));
}

LaunchSignals::~LaunchSignals() {
  ::close(descriptor_);
  const sigset_t watched = watched_signals();
  ::sigprocmask(SIG_UNBLOCK, &watched, nullptr);
}

bool LaunchSignals::take_wish() {
  bool wish = false;
  signalfd_siginfo signal{};
  while (::read(descriptor_, &signal, sizeof signal) == sizeof signal)
    wish = wish || signal.ssi_signo != SIGCHLD;
  return wish;
}

// [start]
ChildProcess::ChildProcess(const std::vector<std::string>& words, int at_our_death) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  int ends[2];
  GPT_CHECK(::pipe2(ends, O_CLOEXEC) == 0, "pipe: {}", std::strerror(errno));
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const pid_t self = ::getpid();
  process_ = ::fork();
  if (process_ == 0) become(arguments.data(), nothing, ends[1], at_our_death, self);
  ::close(nothing);
  ::close(ends[1]);
  errors_ = ends[0];
  ::fcntl(errors_, F_SETFL, O_NONBLOCK);
  GPT_CHECK(process_ > 0, "fork: {}", std::strerror(errno));
}
// [/start]

ChildProcess::~ChildProcess() {
  if (!exit_code()) {
    signal(SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  if (errors_ >= 0) ::close(errors_);
}

std::vector<std::string> ChildProcess::take_lines() {
  char bytes[4096];
  bool at_end = false;
  while (errors_ >= 0 && !at_end) {
    const ssize_t count = ::read(errors_, bytes, sizeof bytes);
    if (count > 0) partial_.append(bytes, static_cast<size_t>(count));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) break;  // nothing there now
    at_end = count == 0;
  }
  std::vector<std::string> lines;
  for (size_t end; (end = partial_.find('\n')) != std::string::npos; partial_.erase(0, end + 1))
    lines.push_back(partial_.substr(0, end));
  if (at_end) {
    ::close(std::exchange(errors_, -1));
    if (!partial_.empty()) lines.push_back(std::exchange(partial_, ""));
  }
  return lines;
}

void ChildProcess::signal(int number) const {
  if (!exit_code_) ::kill(process_, number);
}

std::optional<int> ChildProcess::exit_code() {
  int status = 0;
  if (!exit_code_ && ::waitpid(process_, &status, WNOHANG) == process_)
    exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return exit_code_;
}

}  // namespace gpt
