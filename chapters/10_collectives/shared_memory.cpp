#include "10_collectives/shared_memory.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "09_averaging/reduce.hpp"
#include "10_collectives/mpi_session.hpp"
#include "10_collectives/patience.hpp"

namespace gpt {
// [slots]
struct SharedMemory::Slots {
  alignas(64) std::atomic<uint64_t> meetings{0};  // how often this rank has come to meet the others
  uint64_t place[2];                              // where its row lies, if not here: SharedRows::place_of()
  alignas(64) std::byte slot[2][slot_bytes];
  static_assert(std::atomic<uint64_t>::is_always_lock_free,
                "atomics between processes must be free of locks");
};
// [/slots]

std::unique_ptr<SharedMemory> SharedMemory::make(MPI_Comm comm, std::shared_ptr<const SharedRows> rows) {
  std::unique_ptr<SharedWindow> window = SharedWindow::make(comm, sizeof(Slots));
  if (!window) return nullptr;
  return std::unique_ptr<SharedMemory>(new SharedMemory(std::move(window), comm, std::move(rows)));
}

SharedMemory::SharedMemory(std::unique_ptr<SharedWindow> window, MPI_Comm comm,
                           std::shared_ptr<const SharedRows> rows)
    : window_(std::move(window)), rows_(std::move(rows)) {
  MPI_CHECK(MPI_Comm_rank(comm, &rank_));
  MPI_CHECK(MPI_Comm_size(comm, &size_));
  for (std::byte* part : window_->parts()) slots_.push_back(reinterpret_cast<Slots*>(part));
  new (&slots_[static_cast<size_t>(rank_)]->meetings) std::atomic<uint64_t>(0);
  MPI_CHECK(MPI_Barrier(comm));  // nobody reads a counter before it is there
}

SharedMemory::~SharedMemory() = default;

std::byte* SharedMemory::slot_of(int rank) const {
  return slots_[static_cast<size_t>(rank)]->slot[turn_];
}

// [meet]
/// Returns when all ranks have come. What a rank wrote before it came (release), all others see after they
/// have seen it come (acquire): through these atomics alone, as the memory is the same for all.
void SharedMemory::meet() {
  ++meetings_;
  slots_[static_cast<size_t>(rank_)]->meetings.store(meetings_, std::memory_order_release);
  for (const Slots* other : slots_)
    for (Patience patience; other->meetings.load(std::memory_order_acquire) < meetings_;) patience.pause();
}
// [/meet]

// [shared]
void SharedMemory::all_reduce(const Tensor& row, ReduceOp op) {
  if (row.bytes() > short_bytes && all_in_one_place(row)) return reduce_in_place(row, op);
  const int64_t size = size_of(row.dtype()), piece = slot_bytes / size;
  for (int64_t from = 0; from < row.elements(); from += piece) {
    const int64_t elements = std::min(piece, row.elements() - from);
    std::byte* data = row.bytes_data() + from * size;
    if (elements * size <= short_bytes)
      reduce_short(data, row.dtype(), elements, op);
    else
      reduce_long(data, row.dtype(), elements, op);
    take_turns();
  }
}

/// Each rank lays down its numbers, and each adds up all of them.
void SharedMemory::reduce_short(std::byte* data, DType dtype, int64_t elements, ReduceOp op) {
  std::memcpy(slot_of(rank_), data, static_cast<size_t>(elements * size_of(dtype)));
  meet();
  std::vector<const std::byte*> inputs;
  for (int rank = 0; rank < size_; ++rank) inputs.push_back(slot_of(rank));
  reduce(dtype, inputs, op, std::vector{data}, elements);
}

/// Each rank adds up its share over all ranks; then each collects the others' shares. Slots keep the shape of
/// the piece: a share lies at the same place in all of them.
void SharedMemory::reduce_long(std::byte* data, DType dtype, int64_t elements, ReduceOp op) {
  const auto start = [&](int rank) { return elements * rank / size_ * size_of(dtype); };  // of a share
  const auto copy_share = [&](std::byte* to, const std::byte* from, int rank) {
    std::memcpy(to + start(rank), from + start(rank), static_cast<size_t>(start(rank + 1) - start(rank)));
  };
  for (int rank = 0; rank < size_; ++rank)
    if (rank != rank_) copy_share(slot_of(rank_), data, rank);
  meet();
  std::vector<const std::byte*> inputs;
  for (int rank = 0; rank < size_; ++rank)
    inputs.push_back((rank == rank_ ? data : slot_of(rank)) + start(rank_));
  const std::vector outputs{data + start(rank_), slot_of(rank_) + start(rank_)};
  reduce(dtype, inputs, op, outputs, (start(rank_ + 1) - start(rank_)) / size_of(dtype));
  meet();
  for (int rank = 0; rank < size_; ++rank)
    if (rank != rank_) copy_share(data, slot_of(rank), rank);
}
// [/shared]

// [in_place]
/// Do all ranks bring the same piece of one block? After this, all rows are as their ranks left them.
bool SharedMemory::all_in_one_place(const Tensor& row) {
  const uint64_t place = rows_->place_of(row);
  slots_[static_cast<size_t>(rank_)]->place[turn_] = place;
  meet();
  const bool yes =
      place != SharedRows::nowhere &&
      std::all_of(slots_.begin(), slots_.end(), [&](Slots* other) { return other->place[turn_] == place; });
  take_turns();
  return yes;
}

/// Each rank adds up its share where the rows lie, and writes it to where they lie. Nothing else moves.
void SharedMemory::reduce_in_place(const Tensor& row, ReduceOp op) {
  constexpr int64_t line = 64;  // bytes: no two ranks write to one line of a cache
  const int64_t lines = (row.bytes() + line - 1) / line;
  const auto start = [&](int rank) { return std::min(row.bytes(), lines * rank / size_ * line); };
  std::vector<std::byte*> shares = rows_->of_all_ranks(row);
  for (std::byte*& share : shares) share += start(rank_);
  reduce(row.dtype(), std::vector<const std::byte*>(shares.begin(), shares.end()), op, shares,
         (start(rank_ + 1) - start(rank_)) / size_of(row.dtype()));
  meet();
}
// [/in_place]

}  // namespace gpt
