#include "16_trainer/launch_probes.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <sstream>

#include "common/processors.hpp"

namespace gpt {
namespace {

constexpr auto patience = std::chrono::seconds(5);

std::vector<std::string> probe_command(const std::string& host) {
  const char* agent = std::getenv("OMPI_MCA_plm_rsh_agent");
  std::istringstream text(agent ? agent : "ssh -o BatchMode=yes -o ConnectTimeout=5");
  std::vector<std::string> words;
  for (std::string word; text >> word;) words.push_back(word);
  words.push_back(host);
  words.push_back("true");
  return words;
}

}  // namespace

bool is_this_machine(const std::string& host) {
  if (host == "localhost" || host == host_name()) return true;
  addrinfo wanted{}, *found = nullptr;
  wanted.ai_socktype = SOCK_STREAM;
  if (::getaddrinfo(host.c_str(), nullptr, &wanted, &found) != 0) return false;
  bool here = false;  // a socket can be bound to an address of this machine, and to no other
  for (const addrinfo* address = found; address && !here; address = address->ai_next) {
    const int socket = ::socket(address->ai_family, SOCK_STREAM, 0);
    here = socket >= 0 && ::bind(socket, address->ai_addr, address->ai_addrlen) == 0;
    if (socket >= 0) ::close(socket);
  }
  ::freeaddrinfo(found);
  return here;
}

bool HostProbes::possible() {
  return std::getenv("SLURM_JOB_ID") == nullptr;
}

void HostProbes::ask(const LaunchHosts& hosts, bool unreachable_only) {
  if (hosts.here() || !possible()) return;
  for (const LaunchHost& host : hosts.hosts()) {
    if (probes_.count(host.name) || (unreachable_only && host.reachable) || is_this_machine(host.name))
      continue;
    probes_[host.name] = {std::make_unique<ChildProcess>(probe_command(host.name), SIGKILL),
                          std::chrono::steady_clock::now() + patience};
  }
}

void HostProbes::take(LaunchHosts& hosts) {
  for (LaunchHost& host : hosts.hosts()) {
    const auto probe = probes_.find(host.name);
    if (probe == probes_.end()) continue;
    const std::optional<int> code = probe->second.process->exit_code();
    if (!code && std::chrono::steady_clock::now() < probe->second.deadline) continue;
    host.reachable = code == 0;
    probes_.erase(probe);  // with it ends a process that has not answered
  }
}

}  // namespace gpt
