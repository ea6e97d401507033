#include "10_collectives/shared_memory.hpp"

#include <sched.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "09_averaging/reduce.hpp"
#include "10_collectives/mpi_comm.hpp"
#include "10_collectives/mpi_session.hpp"

namespace gpt {
namespace {

/// Waits for another rank. It may have no processor of its own: then this one must be given up.
template <class Ready>
void wait_until(Ready&& ready) {
  constexpr int spins = 200;  // some microseconds
  for (int spin = 0; !ready(); ++spin) {
    if (spin < spins)
      __builtin_ia32_pause();
    else
      sched_yield();
  }
}

/// Is there room for the window? Linux gives the memory only when it is first touched, and ends the process
/// by a signal when there is none: so rank 0 asks before, for all.
bool has_room(MPI_Comm comm, int64_t bytes) {
  int room = 1;
  struct statvfs system {};
  if (statvfs("/dev/shm", &system) == 0)  // where Open MPI puts such windows, if it is there
    room = static_cast<int64_t>(system.f_bavail) * static_cast<int64_t>(system.f_frsize) > bytes ? 1 : 0;
  MPI_CHECK(MPI_Bcast(&room, 1, MPI_INT, 0, comm));
  return room == 1;
}

}  // namespace

// [slots]
struct SharedMemory::Slots {
  alignas(64) std::atomic<uint64_t> meetings{0};  // how often this rank has come to meet the others
  alignas(64) std::byte slot[2][slot_bytes];
  static_assert(std::atomic<uint64_t>::is_always_lock_free,
                "atomics between processes must be free of locks");
};
// [/slots]

std::unique_ptr<SharedMemory> SharedMemory::make(MPI_Comm comm) {
  int size = 0;
  MPI_CHECK(MPI_Comm_size(comm, &size));
  if (!has_room(comm, 2 * size * static_cast<int64_t>(sizeof(Slots)))) return nullptr;
  MPI_Info apart = MPI_INFO_NULL;  // each rank's part on pages of its own, near its processor
  MPI_CHECK(MPI_Info_create(&apart));
  MPI_CHECK(MPI_Info_set(apart, "alloc_shared_noncontig", "true"));
  void* mine = nullptr;
  MPI_Win window = MPI_WIN_NULL;
  int made =
      MPI_Win_allocate_shared(sizeof(Slots) + alignof(Slots), 1, apart, comm, &mine, &window) == MPI_SUCCESS;
  MPI_CHECK(MPI_Info_free(&apart));
  MPI_CHECK(MPI_Allreduce(MPI_IN_PLACE, &made, 1, MPI_INT, MPI_MIN, comm));
  if (!made) return nullptr;
  return std::unique_ptr<SharedMemory>(new SharedMemory(window, comm));
}

/// MPI does not promise an alignment. Processes map the window at different addresses, but on whole pages:
/// all of them come to the same place.
SharedMemory::Slots* SharedMemory::first_slots(void* base) {
  const auto address = reinterpret_cast<uintptr_t>(base);
  return reinterpret_cast<Slots*>((address + alignof(Slots) - 1) / alignof(Slots) * alignof(Slots));
}

SharedMemory::SharedMemory(MPI_Win window, MPI_Comm comm) : window_(window) {
  MPI_CHECK(MPI_Comm_rank(comm, &rank_));
  MPI_CHECK(MPI_Comm_size(comm, &size_));
  for (int rank = 0; rank < size_; ++rank) {
    MPI_Aint bytes = 0;
    int unit = 0;
    void* base = nullptr;
    MPI_CHECK(MPI_Win_shared_query(window_, rank, &bytes, &unit, &base));
    slots_.push_back(first_slots(base));
  }
  MPI_CHECK(MPI_Win_lock_all(MPI_MODE_NOCHECK, window_));  // loads and stores are allowed from here on
  new (&slots_[static_cast<size_t>(rank_)]->meetings) std::atomic<uint64_t>(0);
  MPI_CHECK(MPI_Barrier(comm));  // nobody reads a counter before it is there
}

SharedMemory::~SharedMemory() {
  if (!may_release_mpi()) return;
  MPI_Win_unlock_all(window_);
  MPI_Win_free(&window_);
}

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
    wait_until([&] { return other->meetings.load(std::memory_order_acquire) >= meetings_; });
}
// [/meet]

// [shared]
void SharedMemory::all_reduce(const Tensor& row, ReduceOp op) {
  const int64_t size = size_of(row.dtype()), piece = slot_bytes / size;
  for (int64_t from = 0; from < row.elements(); from += piece) {
    const int64_t elements = std::min(piece, row.elements() - from);
    std::byte* data = row.bytes_data() + from * size;
    if (elements * size <= short_bytes)
      reduce_short(data, row.dtype(), elements, op);
    else
      reduce_long(data, row.dtype(), elements, op);
    // A rank that lays down the next piece but one, in this slot again, has met the others since: by then all
    // have read this one.
    turn_ = 1 - turn_;
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

}  // namespace gpt
