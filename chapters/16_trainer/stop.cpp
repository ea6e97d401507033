#include "16_trainer/stop.hpp"

#include <unistd.h>

#include <csignal>

namespace gpt {
namespace {

constexpr int signals[] = {SIGINT, SIGTERM, SIGUSR1};

volatile std::sig_atomic_t wishes = 0;  // a signal handler can reach nothing but a global

void handle(int signal) {
  if (wishes != 0) ::_exit(128 + signal);
  wishes = 1;
}

}  // namespace

StopSignals::StopSignals() {
  wishes = 0;
  struct sigaction action {};
  action.sa_handler = handle;
  action.sa_flags = SA_RESTART;  // a write that was interrupted goes on
  for (const int signal : signals) ::sigaction(signal, &action, nullptr);
}

StopSignals::~StopSignals() {
  for (const int signal : signals) ::signal(signal, SIG_DFL);
}

bool StopSignals::requested() const {
  return wishes != 0;
}

}  // namespace gpt
