#pragma once
// The places where ranks can run, and which of them are lost.

#include <filesystem>
#include <string>
#include <vector>

namespace gpt {

/// A host of the job.
struct LaunchHost {
  std::string name;
  int slots = 1;  ///< ranks that it takes
  int lost = 0;   ///< of them, ranks that died there
  bool reachable = true;

  int left() const { return reachable ? slots - lost : 0; }
};

/// Hosts in the order in which ranks are given out: rank 0 on the first, and so on until its slots are used.
class LaunchHosts {
 public:
  /// All ranks on this machine.
  explicit LaunchHosts(int ranks);
  /// "a:2,b:2"; a name alone takes `per_host` ranks, or one where that is 0. Throws UserError, also for a
  /// name with a number where `per_host` gives one.
  static LaunchHosts of_list(const std::string& list, int per_host = 0);
  /// Lines such as "a slots=2", as mpirun reads them. Throws UserError.
  static LaunchHosts of_file(const std::filesystem::path& file, int per_host = 0);

  bool here() const { return here_; }  ///< this machine alone, and no list of hosts was given
  std::vector<LaunchHost>& hosts() { return hosts_; }
  const std::vector<LaunchHost>& hosts() const { return hosts_; }
  int slots() const;  ///< lost ones included
  int left() const;   ///< without them
  /// Ranks that could run if every rank that died were replaced: left() and the lost ones of reachable hosts.
  int replaceable() const;

  /// A rank of a job of left() or fewer ranks is lost, and with it its place. `host` is what it was called
  /// there: it decides where it is known, and the rank's number otherwise.
  void lose_rank(int rank, const std::string& host);
  /// A host is lost, until somebody finds it reachable; nothing happens where the name is unknown.
  void lose_host(const std::string& name);
  /// Places of ranks that died can be used again.
  void replace_ranks();

  /// For mpirun's --host: "a:2,b:1".
  std::string list() const;

 private:
  LaunchHosts() = default;

  bool here_ = false;
  std::vector<LaunchHost> hosts_;
};

}  // namespace gpt
