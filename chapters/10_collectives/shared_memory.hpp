#pragma once
// All-reduce of ranks on one host, who need not send each other anything: they share memory.

#include <mpi.h>

#include <atomic>
#include <memory>
#include <vector>

#include "09_averaging/communicator.hpp"
#include "10_collectives/shared_rows.hpp"
#include "10_collectives/shared_window.hpp"

namespace gpt {

/// A window of memory that all ranks of a communicator map, with a slot for each rank. Sums are taken in
/// order of rank and rounded once.
class SharedMemory {
 public:
  /// A longer row goes in pieces, which stay in a cache of the second level.
  static constexpr int64_t slot_bytes = 128 << 10;
  /// Up to here, adding twice costs less than meeting twice.
  static constexpr int64_t short_bytes = 8 << 10;

  /// Makes the window: once per communicator, as its size does not depend on the messages. All ranks of
  /// `comm`, which outlives it, must be on one host. `rows` knows which tensors lie in shared memory already.
  /// When the system gives no such memory, nullptr on all ranks. Collective.
  static std::unique_ptr<SharedMemory> make(MPI_Comm comm, std::shared_ptr<const SharedRows> rows);
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  /// Every rank's row becomes the reduction of all. Collective. In pieces that stay in cache, each of b
  /// bytes: every rank copies (n-1)/n · b in, reads b to add up its share of b/n, and copies (n-1)/n · b out.
  /// Rows that lie in shared memory themselves are not copied: every rank reads its share of all of them, and
  /// writes it to all of them. The bits are the same.
  void all_reduce(const Tensor& row, ReduceOp op);

 private:
  /// What a rank lays down. The two slots take turns, so that the next piece can be laid down while others
  /// still read the last one.
  struct Slots;

  SharedMemory(std::unique_ptr<SharedWindow> window, MPI_Comm comm, std::shared_ptr<const SharedRows> rows);
  void meet();
  /// A rank that lays down the next piece but one, in this slot again, has met the others since: by then all
  /// have read this one.
  void take_turns() { turn_ = 1 - turn_; }
  void reduce_short(std::byte* data, DType dtype, int64_t elements, ReduceOp op);
  void reduce_long(std::byte* data, DType dtype, int64_t elements, ReduceOp op);
  bool all_in_one_place(const Tensor& row);
  void reduce_in_place(const Tensor& row, ReduceOp op);
  std::byte* slot_of(int rank) const;

  std::unique_ptr<SharedWindow> window_;
  std::shared_ptr<const SharedRows> rows_;
  int rank_ = 0, size_ = 0;
  std::vector<Slots*> slots_;  // of each rank, in the window
  uint64_t meetings_ = 0;      // of this rank so far
  int turn_ = 0;               // the slot in use
};

}  // namespace gpt
