#pragma once
// What a job says of its own end: mpirun's words and the watchdog's, reduced to who was lost.

#include <optional>
#include <string>

namespace gpt {

/// A rank that was lost, and where it ran.
struct LostRank {
  int rank = 0;
  std::string host;  ///< as mpirun or the rank itself names it
  int signal = 0;    ///< that ended it; 0: it hung, and the watchdog named it
};

/// Reads a job's stderr line by line. mpirun stands its messages between two lines of dashes; all else comes
/// from the ranks.
class LaunchReport {
 public:
  /// Takes a line, without its newline. Returns what a person should see of it, newline included: all that
  /// the ranks say; of mpirun only what this class does not understand.
  std::string take(const std::string& line);
  /// What of a message without an end is left to see.
  std::string finish();

  const std::optional<LostRank>& lost_rank() const { return lost_rank_; }  ///< the first that was named
  const std::string& lost_host() const { return lost_host_; }  ///< whose connection was lost; or empty
  /// mpirun says that it could not start its daemon on a host; it says so, too, where one ended later.
  bool lost_daemon() const { return lost_daemon_; }

 private:
  std::string take_message();

  bool inside_ = false;  // between two lines of dashes
  std::string message_;
  std::optional<LostRank> lost_rank_;
  std::string lost_host_;
  bool lost_daemon_ = false;
};

}  // namespace gpt
