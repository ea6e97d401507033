#include "10_collectives/daemon.hpp"

#include <csignal>
#include <ctime>
#include <fstream>
#include <string>

#include <fmt/format.h>
#include <unistd.h>

namespace gpt {
namespace {

bool is_daemon(pid_t process) {
  std::string name;
  std::ifstream(fmt::format("/proc/{}/comm", process)) >> name;
  return name == "orted";
}

}  // namespace

void end_daemon_unless_it_ends(double seconds) {
  const pid_t daemon = ::getppid();
  if (!is_daemon(daemon) || ::fork() != 0) return;
  // The child of a process with several threads: only what may be called in a signal handler, from here on.
  ::setsid();
  for (int file = 0; file < 1024; ++file) ::close(file);  // the daemon would wait for the end of our output
  const timespec pause{.tv_sec = 0, .tv_nsec = 50'000'000};
  for (double waited = 0; waited < seconds && ::kill(daemon, 0) == 0; waited += 0.05)
    ::nanosleep(&pause, nullptr);
  ::kill(daemon, SIGTERM);
  ::_exit(0);
}

}  // namespace gpt
