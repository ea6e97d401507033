#pragma once
// Every way to an all-reduce behind one door.

#include <optional>

#include "10_collectives/algorithm.hpp"
#include "10_collectives/collectives.hpp"
#include "10_collectives/mpi_comm.hpp"
#include "10_collectives/shared_memory.hpp"

namespace gpt {

/// All-reduces over a communicator of MPI of its own. One thread at a time calls it.
class AllReducer {
 public:
  /// The ranks of `parent`; `hosts` is hosts_of(parent). The library's all-reduce gets messages in pieces of
  /// `piece_bytes`. `rows` are the tensors in shared memory; nullptr where the ranks share none. Collective.
  AllReducer(MPI_Comm parent, std::vector<int> hosts, std::shared_ptr<const SharedRows> rows,
             int64_t piece_bytes);

  /// Every rank's tensor becomes the reduction of all. Shared memory is made at the first use; where the
  /// system gives none, the ring takes its place, on all ranks. Collective.
  void run(AllReduceAlgorithm algorithm, const Tensor& tensor, ReduceOp op);

 private:
  void run_library(const Tensor& row, ReduceOp op) const;
  void run_shared_memory(const Tensor& row, ReduceOp op);

  OwnedMpiComm comm_;
  PointToPoint group_;
  std::vector<int> hosts_;
  std::shared_ptr<const SharedRows> rows_;
  int64_t piece_bytes_;
  std::optional<std::unique_ptr<SharedMemory>> shared_memory_;  // of nullptr: tried in vain
};

}  // namespace gpt
