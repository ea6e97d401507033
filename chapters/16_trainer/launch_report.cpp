#include "16_trainer/launch_report.hpp"

#include <cstdio>
#include <utility>

namespace gpt {
namespace {

constexpr size_t shortest_rule = 50;  // dashes around mpirun's messages

bool is_rule(const std::string& line) {
  return line.size() >= shortest_rule && line.find_first_not_of('-') == std::string::npos;
}

bool has(const std::string& text, const char* words) {
  return text.find(words) != std::string::npos;
}

/// mpirun's remarks on its own doings.
bool is_remark(const std::string& line) {
  return has(line, " sent help message ") || has(line, "orte_base_help_aggregate") ||
         has(line, "plm:rsh: Warning: setpgid(") || line.starts_with("mpirun: Forwarding signal ");
}

// [parse]
/// mpirun of a rank that a signal ended. A blank in the pattern matches any white space: mpirun breaks lines.
std::optional<LostRank> killed_rank(const std::string& message) {
  const size_t at = message.find("process rank ");
  LostRank lost;
  char host[256] = {};
  if (at == std::string::npos ||
      std::sscanf(message.c_str() + at, "process rank %d with PID %*d on node %255s exited on signal %d",
                  &lost.rank, host, &lost.signal) != 3)
    return {};
  lost.host = host;
  return lost;
}

/// The watchdog of chapter 10 of a rank that keeps the others waiting: "gpt: rank 1 on b (pid 4711) has not
/// …".
std::optional<LostRank> silent_rank(const std::string& line) {
  if (!has(line, " has not been heard of") && !has(line, " has not arrived")) return {};
  const size_t at = line.find("rank ");
  LostRank lost;
  char host[256] = {};
  if (at == std::string::npos || std::sscanf(line.c_str() + at, "rank %d on %255s", &lost.rank, host) != 2)
    return {};
  lost.host = host;
  return lost;
}

/// mpirun of a host whose daemon it cannot hear any more; empty where the message is another.
std::string unheard_host(const std::string& message) {
  if (!has(message, "lost communication")) return "";
  const size_t at = message.find("Remote daemon:");
  char host[256] = {};
  if (at == std::string::npos ||
      std::sscanf(message.c_str() + at, "Remote daemon: %*s on node %255s", host) != 1)
    return "";
  return host;
}

/// ssh of a host that has ended the connection, as when it is shut down: "Connection to b closed by remote
/// host."; empty where the line is another.
std::string host_that_closed(const std::string& line) {
  const size_t at = line.find("Connection to ");
  char host[256] = {};
  if (at == std::string::npos || !has(line, " closed by remote host") ||
      std::sscanf(line.c_str() + at, "Connection to %255s closed", host) != 1)
    return "";
  return host;
}
// [/parse]

}  // namespace

std::string LaunchReport::take(const std::string& line) {
  if (is_rule(line)) {
    inside_ = !inside_;
    return inside_ ? "" : take_message();
  }
  if (inside_) {
    message_ += line + "\n";
    return "";
  }
  if (is_remark(line)) return "";
  if (!lost_rank_) lost_rank_ = silent_rank(line);
  if (const std::string host = host_that_closed(line); !host.empty()) {
    if (lost_host_.empty()) lost_host_ = host;
    return "";
  }
  return line + "\n";
}

std::string LaunchReport::take_message() {
  const std::string message = std::exchange(message_, "");
  const auto rank = killed_rank(message);
  const std::string host = unheard_host(message);
  if (rank && !lost_rank_) lost_rank_ = rank;
  if (lost_host_.empty()) lost_host_ = host;
  lost_daemon_ |= has(message, "unable to reliably start");
  const bool understood = rank || !host.empty() || has(message, "non-zero") || has(message, "MPI_ABORT") ||
                          has(message, "unexpectedly disconnected") ||
                          (!lost_host_.empty() && has(message, "unable to reliably start"));
  return understood ? "" : message;
}

std::string LaunchReport::finish() {
  inside_ = false;
  return take_message();
}

}  // namespace gpt
