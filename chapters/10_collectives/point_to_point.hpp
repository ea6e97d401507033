#pragma once
// Messages between two ranks: all that the collectives of this chapter are made of.

#include <mpi.h>

#include <vector>

#include "01_tensors/tensor.hpp"

namespace gpt {

/// The longest message, in bytes, that Open MPI sends over TCP without asking the receiver first (64 KiB,
/// less its own header).
inline constexpr int64_t unasked_bytes = (64 << 10) - 256;

/// A message on its way. Its tensor must stay, and stay untouched, until wait() has returned.
class Transfer {
 public:
  Transfer() = default;  ///< nothing to wait for
  /// Blocks until the message has left the tensor, or has arrived in it. May be called again. Throws Error if
  /// what has arrived is shorter than the tensor, or longer.
  void wait();

 private:
  friend class PointToPoint;
  std::vector<MPI_Request> requests_;
  std::vector<int> expected_;  // bytes of each message, where messages arrive
};

/// A group of ranks, numbered from 0, that send each other rows: contiguous tensors in host memory of any
/// length. Both sides know the length, so nothing is sent of an empty row. Messages from one rank to another
/// arrive in the order sent.
class PointToPoint {
 public:
  /// All ranks of `comm`, which outlives this group. `piece_bytes`: a longer message goes in pieces, since
  /// counts in MPI have 32 bits.
  explicit PointToPoint(MPI_Comm comm, int64_t piece_bytes = 1 << 30);

  /// The group of these ranks alone: members[i] becomes rank i. In a process that is not among them, rank()
  /// of it is -1.
  PointToPoint subgroup(const std::vector<int>& members) const;

  int rank() const { return rank_; }
  int size() const { return static_cast<int>(members_.size()); }

  // [messages]
  void send(const Tensor& row, int to) const { start_send(row, to).wait(); }
  void receive(const Tensor& row, int from) const { start_receive(row, from).wait(); }
  /// Both at once. Two ranks that first send and then receive may wait for each other forever. Long rows go
  /// in pieces, so all ranks that take part call exchange().
  void exchange(const Tensor& out, int to, const Tensor& in, int from) const;

  /// Begin, and return at once: several messages can be on their way.
  Transfer start_send(const Tensor& row, int to) const;
  Transfer start_receive(const Tensor& row, int from) const;
  // [/messages]

 private:
  MPI_Comm comm_;
  int64_t piece_bytes_;
  int rank_ = 0;
  std::vector<int> members_;  // rank of this group → rank of comm_
};

/// The elements of a contiguous tensor in one row; throws Error unless it is one in host memory.
Tensor row_of(const Tensor& tensor);
/// Part `index` of `parts` nearly equal parts of a row; some are empty when there are fewer elements.
Tensor part_of(const Tensor& row, int64_t index, int64_t parts);

}  // namespace gpt
