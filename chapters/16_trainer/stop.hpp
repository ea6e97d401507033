#pragma once
// Asking a run to stop.

namespace gpt {

/// While it lives, the first SIGINT, SIGTERM or SIGUSR1 is a wish: requested() becomes true, and the run
/// stops when it likes. The second ends the process at once. One at a time.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  bool requested() const;
};

}  // namespace gpt
