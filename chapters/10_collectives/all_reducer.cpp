#include "10_collectives/all_reducer.hpp"

#include <algorithm>

#include "10_collectives/mpi_session.hpp"
#include "10_collectives/mpi_types.hpp"

namespace gpt {

AllReducer::AllReducer(MPI_Comm parent, std::vector<int> hosts, std::shared_ptr<const SharedRows> rows,
                       int64_t piece_bytes)
    : comm_(duplicate(parent)),
      group_(comm_.get()),
      hosts_(std::move(hosts)),
      rows_(std::move(rows)),
      piece_bytes_(piece_bytes) {}

// [run]
void AllReducer::run(AllReduceAlgorithm algorithm, const Tensor& tensor, ReduceOp op) {
  const Tensor row = row_of(tensor);
  switch (algorithm) {
    case AllReduceAlgorithm::library:
      return run_library(row, op);
    case AllReduceAlgorithm::naive:
      return naive_all_reduce(group_, row, op);
    case AllReduceAlgorithm::tree:
      return tree_all_reduce(group_, row, op);
    case AllReduceAlgorithm::ring:
      return ring_all_reduce(group_, row, op);
    case AllReduceAlgorithm::recursive_doubling:
      return recursive_doubling_all_reduce(group_, row, op);
    case AllReduceAlgorithm::halving_doubling:
      return halving_doubling_all_reduce(group_, row, op);
    case AllReduceAlgorithm::hierarchical:
      return hierarchical_all_reduce(group_, hosts_, row, op);
    case AllReduceAlgorithm::shared_memory:
      return run_shared_memory(row, op);
  }
}
// [/run]

void AllReducer::run_library(const Tensor& row, ReduceOp op) const {
  const MPI_Datatype type = mpi_type(row.dtype());
  const MPI_Op operation = mpi_op(row.dtype(), op);
  const int64_t piece = std::min<int64_t>(piece_bytes_, 1 << 30) / size_of(row.dtype());
  for (int64_t from = 0; from < row.elements(); from += piece) {
    const int64_t count = std::min(piece, row.elements() - from);
    MPI_CHECK(MPI_Allreduce(MPI_IN_PLACE, row.bytes_data() + from * size_of(row.dtype()),
                            static_cast<int>(count), type, operation, comm_.get()));
  }
  finish_average(row, op, group_.size());
}

void AllReducer::run_shared_memory(const Tensor& row, ReduceOp op) {
  if (!shared_memory_) {
    GPT_REQUIRE(on_one_host(hosts_), "an all-reduce through shared memory needs all ranks on one host");
    shared_memory_ = SharedMemory::make(comm_.get(), rows_);
  }
  if (*shared_memory_)
    (*shared_memory_)->all_reduce(row, op);
  else
    ring_all_reduce(group_, row, op);
}

}  // namespace gpt
