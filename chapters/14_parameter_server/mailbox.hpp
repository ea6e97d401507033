#pragma once
// Messages between processes, from whoever comes first.

#include <mpi.h>

#include <limits>
#include <list>
#include <optional>

#include "10_collectives/mpi_comm.hpp"
#include "14_parameter_server/message.hpp"

namespace gpt {

/// Bytes that came, as they came: nobody has looked at them yet.
struct Delivery {
  int from = 0;  ///< rank
  std::vector<std::byte> bytes;
};

/// Mailbox::wait() was in vain.
class Silence : public Error {
 public:
  using Error::Error;
};

// [mailbox]
/// Sends and receives messages of any length over MPI. Communicator::receive() waits for one rank and knows
/// how much will come; a server can know neither. Collective to make. One thread calls it.
class Mailbox {
 public:
  explicit Mailbox(MPI_Comm parent);
  ~Mailbox();

  /// Returns at once; the bytes are kept until they have gone. Never waits for the receiver, who may be dead.
  void send(int to, std::vector<std::byte> bytes);
  /// What has come, from any rank, in the order of its sending for each rank; nothing when nothing has.
  std::optional<Delivery> poll();
  /// Waits for the next one. Throws Silence when none came for so many seconds.
  Delivery wait(double seconds = std::numeric_limits<double>::infinity());
  /// Waits until all that was sent has gone. Not to be called when a receiver is dead.
  void flush();

  int rank() const { return rank_; }
  int size() const { return size_; }
  // [/mailbox]

 private:
  struct Sending {
    std::vector<std::byte> bytes;
    MPI_Request request;
  };
  void clear_sent();
  struct Coming {
    Delivery delivery;
    MPI_Request request = MPI_REQUEST_NULL;
  };
  void begin_to_receive(MPI_Message message, const MPI_Status& status);

  OwnedMpiComm comm_;
  int rank_ = 0, size_ = 0;
  std::list<Sending> sending_;
  std::list<Coming> coming_;  // in the order of their beginnings; who dies half-way leaves one here
};

}  // namespace gpt
