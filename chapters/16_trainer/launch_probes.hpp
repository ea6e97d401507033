#pragma once
// Which hosts can be reached now: asked by ssh, in the background.

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "16_trainer/launch_hosts.hpp"
#include "16_trainer/launch_process.hpp"

namespace gpt {

/// Runs `ssh HOST true`, or what Open MPI is told to use in place of ssh (OMPI_MCA_plm_rsh_agent), for hosts
/// other than this machine. Under Slurm there is nothing to ask by: then a lost host stays lost.
class HostProbes {
 public:
  /// Asks every host that is not being asked; only unreachable ones where `unreachable_only`.
  void ask(const LaunchHosts& hosts, bool unreachable_only);
  /// Takes the answers that have come, and writes them down in `hosts`. No answer in time is one, too.
  void take(LaunchHosts& hosts);
  bool waiting() const { return !probes_.empty(); }
  /// Can it ask at all?
  static bool possible();

 private:
  struct Probe {
    std::unique_ptr<ChildProcess> process;
    std::chrono::steady_clock::time_point deadline;
  };
  std::map<std::string, Probe> probes_;  // by host
};

/// Is this a name or an address of the machine that asks?
bool is_this_machine(const std::string& host);

}  // namespace gpt
