#pragma once
// All-reduce of ranks on one host, who need not send each other anything: they share memory.

#include <mpi.h>

#include <atomic>
#include <memory>
#include <vector>

#include "09_averaging/communicator.hpp"

namespace gpt {

/// A window of memory that all ranks of a communicator map, with a slot for each rank. Sums are taken in
/// order of rank and rounded once.
class SharedMemory {
 public:
  /// A longer row goes in pieces. Two of them, for two ranks, stay in a cache of the second level.
  static constexpr int64_t slot_bytes = 512 << 10;
  /// Up to here, adding twice costs less than meeting twice.
  static constexpr int64_t short_bytes = 8 << 10;

  /// Makes the window: once per communicator, as its size does not depend on the messages. All ranks of
  /// `comm`, which outlives it, must be on one host. When the system gives no such memory, nullptr on all
  /// ranks. Collective.
  static std::unique_ptr<SharedMemory> make(MPI_Comm comm);
  /// Collective: a rank that ends early waits here for the others. But it does nothing when MPI must be left
  /// alone (see may_release_mpi()).
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  /// Every rank's row becomes the reduction of all. Collective. In pieces that stay in cache, each of b
  /// bytes: every rank copies (n-1)/n · b in, reads b to add up its share of b/n, and copies (n-1)/n · b out.
  void all_reduce(const Tensor& row, ReduceOp op);

 private:
  /// What a rank lays down. The two slots take turns, so that the next piece can be laid down while others
  /// still read the last one.
  struct Slots;

  explicit SharedMemory(MPI_Win window, MPI_Comm comm);
  static Slots* first_slots(void* base);
  void meet();
  void reduce_short(std::byte* data, DType dtype, int64_t elements, ReduceOp op);
  void reduce_long(std::byte* data, DType dtype, int64_t elements, ReduceOp op);
  std::byte* slot_of(int rank) const;

  MPI_Win window_;
  int rank_ = 0, size_ = 0;
  std::vector<Slots*> slots_;  // of each rank, in the window
  uint64_t meetings_ = 0;      // of this rank so far
  int turn_ = 0;               // the slot in use
};

}  // namespace gpt
