#include "10_collectives/mpi_communicator.hpp"

#include <algorithm>
#include <exception>
#include <limits>

#include "09_averaging/reduce.hpp"
#include "10_collectives/collectives.hpp"
#include "10_collectives/mpi_types.hpp"
#include "common/short_turns.hpp"

namespace gpt {
namespace {

void check_host(const Tensor& tensor) {
  GPT_CHECK(tensor.defined() && tensor.device() == Device::cpu && tensor.is_contiguous(),
            "a communicator of MPI takes contiguous tensors in host memory");
}

Tensor share(const Tensor& tensor, int rank, int size) {
  const int64_t part = tensor.elements() / size;
  return tensor.reshape({tensor.elements()}).slice(0, rank * part, (rank + 1) * part);
}

/// Calls f(first byte, number of elements) for the pieces of a tensor, one after the other.
template <class F>
void for_element_pieces(const Tensor& tensor, int64_t piece_bytes, F&& f) {
  check_host(tensor);
  const int64_t size = size_of(tensor.dtype()), elements = tensor.elements();
  const int64_t piece = std::min<int64_t>(piece_bytes / size, std::numeric_limits<int>::max());
  for (int64_t start = 0; start < elements; start += piece)
    f(tensor.bytes_data() + start * size, static_cast<int>(std::min(piece, elements - start)));
}

void check_parts(const Tensor& whole, const Tensor& part, int size) {
  check_host(whole);
  check_host(part);
  GPT_CHECK(whole.elements() == part.elements() * size && whole.dtype() == part.dtype(),
            "a whole of {} elements of {} and parts of {} of {} on {} ranks", whole.elements(), whole.dtype(),
            part.elements(), part.dtype(), size);
}

}  // namespace

MpiCommunicator::MpiCommunicator(MPI_Comm parent, int64_t piece_bytes)
    : comm_(duplicate(parent)),
      piece_bytes_(piece_bytes),
      hosts_(hosts_of(parent)),
      plan_(default_plan(hosts_)),
      rows_(on_one_host(hosts_) ? std::make_shared<SharedRows>(comm()) : nullptr),
      foreground_(std::make_shared<AllReducer>(parent, hosts_, rows_, piece_bytes)),
      background_(std::make_shared<AllReducer>(parent, hosts_, rows_, piece_bytes)),
      exceptions_(std::uncaught_exceptions()) {
  GPT_CHECK(piece_bytes >= 8, "pieces of {} bytes", piece_bytes);
  MPI_CHECK(MPI_Comm_rank(parent, &rank_));
  MPI_CHECK(MPI_Comm_size(parent, &size_));
}

MpiCommunicator::~MpiCommunicator() {
  // A worker that may wait forever cannot be joined; it is left to the end of the process.
  if (worker_ && !worker_->idle() && std::uncaught_exceptions() > exceptions_)
    static_cast<void>(worker_.release());
}

void MpiCommunicator::barrier() {
  MPI_CHECK(MPI_Barrier(comm()));
}

void MpiCommunicator::broadcast(const Tensor& tensor, int root) {
  for_element_pieces(tensor, piece_bytes_, [&](std::byte* data, int count) {
    MPI_CHECK(MPI_Bcast(data, count, mpi_type(tensor.dtype()), root, comm()));
  });
}

// [zeros]
Tensor MpiCommunicator::zeros(const Shape& shape, DType dtype) {
  if (!rows_) return Tensor::zeros(shape, dtype);
  return Tensor(shape, dtype, rows_).fill(0.0);
}
// [/zeros]

// [all_reduce]
void MpiCommunicator::all_reduce(const Tensor& tensor, ReduceOp op) {
  foreground_->run(plan_.at(tensor.bytes()), tensor, op);
}

std::unique_ptr<Work> MpiCommunicator::all_reduce_async(const Tensor& tensor, ReduceOp op) {
  // Open MPI moves messages only while somebody calls MPI. So a thread of our own does the all-reduce, over a
  // communicator of its own. It takes nothing of this object: it may survive it.
  if (!worker_) {
    worker_ = std::make_unique<BackgroundWorker>();
    worker_->submit(ask_for_short_turns);
  }
  return worker_->submit([reducer = background_, algorithm = plan_.at(tensor.bytes()), tensor, op] {
    reducer->run(algorithm, tensor, op);
  });
}
// [/all_reduce]

void MpiCommunicator::reduce_scatter(const Tensor& part, const Tensor& whole, ReduceOp op) {
  check_parts(whole, part, size_);
  const MPI_Datatype type = mpi_type(whole.dtype());
  const MPI_Op operation = mpi_op(whole.dtype(), op);
  // A part that lies in the whole would be overwritten while others still read it: it gets its own memory.
  const bool inside = part.storage() == whole.storage();
  const Tensor result = inside ? Tensor(part.shape(), part.dtype()) : part;
  if (whole.bytes() <= piece_bytes_) {
    MPI_CHECK(MPI_Reduce_scatter_block(whole.bytes_data(), result.bytes_data(),
                                       static_cast<int>(part.elements()), type, operation, comm()));
  } else {
    for (int root = 0; root < size_; ++root) {
      const Tensor source = share(whole, root, size_);
      for_element_pieces(source, piece_bytes_, [&](std::byte* data, int count) {
        std::byte* target = result.bytes_data() + (data - source.bytes_data());
        MPI_CHECK(MPI_Reduce(data, root == rank_ ? target : nullptr, count, type, operation, root, comm()));
      });
    }
  }
  if (op == ReduceOp::average) divide(result, size_);
  if (inside) part.copy_from(result);
}

void MpiCommunicator::all_gather(const Tensor& whole, const Tensor& part) {
  check_parts(whole, part, size_);
  // The library lets pairs exchange long parts, in one message each way; exchange() says what TCP makes of
  // that.
  if (!on_one_host(hosts_) && part.bytes() > unasked_bytes)
    return ring_all_gather(PointToPoint(comm()), row_of(whole), row_of(part));
  const MPI_Datatype type = mpi_type(whole.dtype());
  const Tensor mine = share(whole, rank_, size_);
  if (mine.bytes_data() != part.bytes_data()) mine.copy_from(part.reshape(mine.shape()));
  if (whole.bytes() <= piece_bytes_) {
    MPI_CHECK(MPI_Allgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, whole.bytes_data(),
                            static_cast<int>(part.elements()), type, comm()));
  } else {
    for (int root = 0; root < size_; ++root) broadcast(share(whole, root, size_), root);
  }
}

void MpiCommunicator::send(const Tensor& tensor, int to) {
  GPT_CHECK(to != rank_, "rank {} sends to itself", rank_);
  for_element_pieces(tensor, piece_bytes_, [&](std::byte* data, int count) {
    MPI_CHECK(MPI_Send(data, count, mpi_type(tensor.dtype()), to, 0, comm()));
  });
}

void MpiCommunicator::receive(const Tensor& tensor, int from) {
  GPT_CHECK(from != rank_, "rank {} receives from itself", rank_);
  const MPI_Datatype type = mpi_type(tensor.dtype());
  for_element_pieces(tensor, piece_bytes_, [&](std::byte* data, int count) {
    MPI_Status status;
    MPI_CHECK(MPI_Recv(data, count, type, from, 0, comm(), &status));
    int received = 0;
    MPI_CHECK(MPI_Get_count(&status, type, &received));
    GPT_CHECK(received == count, "rank {} expects {} elements, but rank {} sent {}", rank_, count, from,
              received);
  });
}

void MpiCommunicator::exchange(const Tensor& sent, const Tensor& received, int other) {
  GPT_CHECK(other != rank_, "rank {} sends to itself", rank_);
  GPT_CHECK_EQ(sent.dtype(), received.dtype());
  PointToPoint(comm()).exchange(row_of(sent), other, row_of(received), other);
}

std::unique_ptr<Communicator> MpiCommunicator::split(int color, int key) {
  MPI_Comm group = MPI_COMM_NULL;
  MPI_CHECK(MPI_Comm_split(comm(), color, key, &group));
  auto result = std::make_unique<MpiCommunicator>(group, piece_bytes_);
  // A group on one host, of a job on several, has memory that is faster than any plan between hosts.
  if (on_one_host(hosts_) || !on_one_host(result->hosts_)) result->plan_ = plan_;
  MPI_CHECK(MPI_Comm_free(&group));
  return result;
}

void MpiCommunicator::set_plan(AllReducePlan plan) {
  GPT_REQUIRE(on_one_host(hosts_) || !plan.uses(AllReduceAlgorithm::shared_memory),
              "an all-reduce through shared memory needs all ranks on one host");
  plan_ = std::move(plan);
}

void MpiCommunicator::all_reduce_by(AllReduceAlgorithm algorithm, const Tensor& tensor, ReduceOp op) {
  foreground_->run(algorithm, tensor, op);
}

std::unique_ptr<Communicator> make_world_communicator(const MpiSession& session) {
  if (session.size() == 1) return make_single_communicator();
  return std::make_unique<MpiCommunicator>(MPI_COMM_WORLD);
}

}  // namespace gpt
