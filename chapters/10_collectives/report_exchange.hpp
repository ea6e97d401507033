#pragma once
// How reports reach rank 0, and its answers come back, without anybody ever waiting for a message.

#include <optional>
#include <string>
#include <vector>

#include "10_collectives/mpi_communicator.hpp"
#include "10_collectives/rank_report.hpp"

namespace gpt {

/// What rank 0 says to a report.
struct Answer {
  enum class Order : uint8_t {
    go_on,
    close,  ///< all ranks have left: nothing more to report
    end,    ///< the job has to end now
  };
  Order order = Order::go_on;
  std::string from;   ///< "host-a (pid 123)"
  std::string where;  ///< Trace::where() of rank 0
};

// [exchange]
/// One message is under way between a rank and rank 0, there or back: a rank sends its next report when the
/// last one was answered. So a peer that is stopped or cut off never has more than one message in the queues,
/// which others need. No call blocks. One thread uses it.
class ReportExchange {
 public:
  /// Over a duplicate of `parent`. Collective.
  explicit ReportExchange(MPI_Comm parent);

  // On the ranks above 0:
  /// Sends a report, or drops it while the one before has no answer.
  void tell(const RankReport& report);
  /// An answer that has come since the last call.
  std::optional<Answer> answer();

  // On rank 0:
  /// The reports that have come since the last call.
  std::vector<RankReport> reports();
  /// Answers every report that has none yet; an order to end goes to all ranks.
  void answer_all(const Answer& answer);
  /// Has everyone been told to close, and is nothing under way?
  bool closed();

 private:
  /// The messages between this rank and another.
  struct Link {
    std::vector<std::byte> incoming, outgoing;
    MPI_Request receiving = MPI_REQUEST_NULL, sending = MPI_REQUEST_NULL;
    bool owed = false, closed = false;
  };
  void listen(Link& link, int peer, size_t bytes);
  bool heard(Link& link);
  void send(Link& link, int peer, std::vector<std::byte> bytes);

  OwnedMpiComm comm_;
  std::vector<Link> links_;  // on rank 0 to each rank (its own stays unused), else one to rank 0
};
// [/exchange]

}  // namespace gpt
