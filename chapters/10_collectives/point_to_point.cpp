#include "10_collectives/point_to_point.hpp"

#include <algorithm>

#include "10_collectives/mpi_session.hpp"
#include "10_collectives/patience.hpp"

namespace gpt {
namespace {

constexpr int tag = 0;

/// Calls f(first byte, bytes) for the pieces of a row.
template <class F>
void for_pieces(const Tensor& row, int64_t piece_bytes, F&& f) {
  for (int64_t start = 0; start < row.bytes(); start += piece_bytes)
    f(row.bytes_data() + start, static_cast<int>(std::min(piece_bytes, row.bytes() - start)));
}

/// Rank `rank` of a group, as a rank of its communicator.
int member_of(const std::vector<int>& members, int rank) {
  GPT_CHECK(rank >= 0 && rank < static_cast<int>(members.size()), "a message to or from rank {} of {}", rank,
            members.size());
  return members[static_cast<size_t>(rank)];
}

}  // namespace

PointToPoint::PointToPoint(MPI_Comm comm, int64_t piece_bytes) : comm_(comm), piece_bytes_(piece_bytes) {
  int size = 0;
  MPI_CHECK(MPI_Comm_rank(comm, &rank_));
  MPI_CHECK(MPI_Comm_size(comm, &size));
  for (int rank = 0; rank < size; ++rank) members_.push_back(rank);
}

PointToPoint PointToPoint::subgroup(const std::vector<int>& members) const {
  PointToPoint group = *this;
  group.members_.clear();
  group.rank_ = -1;
  for (const int member : members) {
    if (member == rank_) group.rank_ = group.size();
    group.members_.push_back(member_of(members_, member));
  }
  return group;
}

// [transfer]
void Transfer::wait() {
  const auto arrived = [&] {
    int all = 0;
    MPI_CHECK(MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &all, MPI_STATUSES_IGNORE));
    return all != 0;
  };
  for (Patience patience; !arrived();) patience.pause();
  requests_.clear();
}

Transfer PointToPoint::start_send(const Tensor& row, int to) const {
  Transfer transfer;
  for_pieces(row, piece_bytes_, [&](const std::byte* data, int bytes) {
    MPI_CHECK(MPI_Isend(data, bytes, MPI_BYTE, member_of(members_, to), tag, comm_,
                        &transfer.requests_.emplace_back()));
  });
  return transfer;
}
// [/transfer]

Transfer PointToPoint::start_receive(const Tensor& row, int from) const {
  Transfer transfer;
  for_pieces(row, piece_bytes_, [&](std::byte* data, int bytes) {
    MPI_CHECK(MPI_Irecv(data, bytes, MPI_BYTE, member_of(members_, from), tag, comm_,
                        &transfer.requests_.emplace_back()));
  });
  return transfer;
}

void PointToPoint::exchange(const Tensor& out, int to, const Tensor& in, int from) const {
  Transfer arriving = start_receive(in, from);
  Transfer leaving = start_send(out, to);
  arriving.wait();
  leaving.wait();
}

Tensor row_of(const Tensor& tensor) {
  GPT_CHECK(tensor.defined() && tensor.device() == Device::cpu && tensor.is_contiguous(),
            "a communicator of MPI takes contiguous tensors in host memory");
  return tensor.reshape({tensor.elements()});
}

Tensor part_of(const Tensor& row, int64_t index, int64_t parts) {
  GPT_CHECK(index >= 0 && index < parts, "part {} of {}", index, parts);
  return row.slice(0, row.elements() * index / parts, row.elements() * (index + 1) / parts);
}

}  // namespace gpt
