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
  std::vector<MPI_Status> statuses(requests_.size());
  const auto arrived = [&] {
    int all = 0;
    const int code = MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &all, statuses.data());
    if (code == MPI_ERR_IN_STATUS)
      for (const MPI_Status& status : statuses)
        if (status.MPI_ERROR != MPI_ERR_PENDING) MPI_CHECK(status.MPI_ERROR);
    MPI_CHECK(code);
    return all != 0;
  };
  for (Patience patience; !arrived();) patience.pause();
  requests_.clear();
  for (size_t i = 0; i < expected_.size(); ++i) {
    int bytes = 0;
    MPI_CHECK(MPI_Get_count(&statuses[i], MPI_BYTE, &bytes));
    GPT_CHECK(bytes == expected_[i], "rank {} sent {} bytes where {} were expected", statuses[i].MPI_SOURCE,
              bytes, expected_[i]);
  }
  expected_.clear();
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
    transfer.expected_.push_back(bytes);
    MPI_CHECK(MPI_Irecv(data, bytes, MPI_BYTE, member_of(members_, from), tag, comm_,
                        &transfer.requests_.emplace_back()));
  });
  return transfer;
}

// A long message waits until the receiver has answered that it is ready. Between two ranks that send to each
// other, this answer stands in line behind the long message that goes the same way: so one direction is
// served after the other. Short pieces need no answer. Without answers nobody holds a sender back, so a piece
// leaves only when another has come: the other side is here, too, and takes pieces as fast as it sends them.
// [exchange]
void PointToPoint::exchange(const Tensor& out, int to, const Tensor& in, int from) const {
  constexpr int64_t ahead = 16;  // pieces on their way to a rank that has none to offer yet
  const auto pieces = [](const Tensor& row) { return (row.bytes() + unasked_bytes - 1) / unasked_bytes; };
  const auto piece = [](const Tensor& row, int64_t i) {
    const int64_t length = unasked_bytes / size_of(row.dtype());
    return row.slice(0, i * length, std::min((i + 1) * length, row.elements()));
  };
  std::vector<Transfer> leaving, arriving;
  for (int64_t i = 0; i < std::max(pieces(out), pieces(in) + ahead); ++i) {
    if (i >= ahead && i - ahead < pieces(in)) arriving[static_cast<size_t>(i - ahead)].wait();
    if (i < pieces(in)) arriving.push_back(start_receive(piece(in, i), from));
    if (i < pieces(out)) leaving.push_back(start_send(piece(out, i), to));
  }
  for (Transfer& transfer : leaving) transfer.wait();
}
// [/exchange]

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
