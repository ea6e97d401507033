// The stand-in for NCCL: its collectives, in pieces that fit the slots, and its messages.

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "09_averaging/reduce.hpp"
#include "10_collectives/patience.hpp"
#include "12_nccl/nccl_names.hpp"
#include "12_nccl/standin_segment.hpp"

namespace gpt::nccl_names {

using standin::Call;

struct ncclComm {
  ncclComm(std::string name, int rank_, int size_) : segment(std::move(name)), rank(rank_), size(size_) {}

  standin::Segment segment;
  int rank, size;
  std::atomic<bool> aborted = false;
  std::atomic<int> tasks = 0;  // enqueued and not done
};

namespace {

DType type_of(ncclDataType_t type) {
  constexpr std::array types{DType::i32, DType::f32, DType::f64, DType::bf16};
  return types[type];
}

ReduceOp op_of(ncclRedOp_t op) {
  return op == ncclSum ? ReduceOp::sum : op == ncclMax ? ReduceOp::max : ReduceOp::average;
}

/// Thrown through a task that was aborted.
struct Aborted {};

/// Waits until done(); throws Aborted when this rank has given up meanwhile. That another one has does not
/// end it, as it would not end a kernel: ncclCommGetAsyncError() tells.
template <class F>
void wait_until(const ncclComm& c, F&& done) {
  for (Patience patience; !done(); patience.pause())
    if (c.aborted) throw Aborted();
}

void barrier(ncclComm& c) {
  standin::Segment& s = c.segment;
  const uint32_t round = s->round;
  if (s->waiting.fetch_add(1) + 1 == static_cast<uint32_t>(c.size)) {
    s->waiting = 0;
    s->round = round + 1;
    return;
  }
  wait_until(c, [&] { return s->round != round; });
}

/// Ranks that call different things wait for ever, as they do with NCCL.
void agree(ncclComm& c, const Call& call) {
  c.segment->calls[c.rank] = call;
  barrier(c);
  bool same = true;
  for (int rank = 0; rank < c.size; ++rank) same = same && c.segment->calls[rank] == call;
  wait_until(c, [&] { return same; });
  barrier(c);
}

/// Calls piece(first, bytes) for pieces that fit a slot.
template <class F>
void in_pieces(size_t bytes, F&& piece) {
  for (size_t first = 0; first < bytes; first += standin::slot_bytes)
    piece(first, std::min(standin::slot_bytes, bytes - first));
}

void reduce_slots(ncclComm& c, std::byte* to, size_t bytes, const Call& call) {
  const DType type = static_cast<DType>(call.type);
  std::vector<const std::byte*> inputs;
  for (int rank = 0; rank < c.size; ++rank) inputs.push_back(c.segment->slots[rank]);
  reduce(type, inputs, static_cast<ReduceOp>(call.op), std::array{to},
         static_cast<int64_t>(bytes) / size_of(type));
}

void run_collective(ncclComm& c, const std::byte* from, std::byte* to, const Call& call) {
  agree(c, call);
  const size_t bytes = call.count * static_cast<size_t>(size_of(static_cast<DType>(call.type)));
  std::byte* const mine = c.segment->slots[c.rank];
  if (call.kind == Call::Kind::reduce_scatter) {
    for (int owner = 0; owner < c.size; ++owner)
      in_pieces(bytes, [&](size_t first, size_t n) {
        std::memcpy(mine, from + static_cast<size_t>(owner) * bytes + first, n);
        barrier(c);
        if (owner == c.rank) reduce_slots(c, to + first, n, call);
        barrier(c);
      });
    return;
  }
  in_pieces(bytes, [&](size_t first, size_t n) {
    if (call.kind != Call::Kind::broadcast || call.root == c.rank) std::memcpy(mine, from + first, n);
    barrier(c);
    if (call.kind == Call::Kind::all_reduce) reduce_slots(c, to + first, n, call);
    if (call.kind == Call::Kind::broadcast) std::memcpy(to + first, c.segment->slots[call.root], n);
    if (call.kind == Call::Kind::all_gather)
      for (int rank = 0; rank < c.size; ++rank)
        std::memcpy(to + static_cast<size_t>(rank) * bytes + first, c.segment->slots[rank], n);
    barrier(c);
  });
}

/// One direction of a message.
struct Message {
  bool sends;
  std::byte* data;
  size_t bytes;
  int peer;
  size_t done = 0;

  /// Goes on as far as the box allows. True when all was sent and received.
  bool progress(ncclComm& c) {
    standin::Box& box = sends ? c.segment->boxes[c.rank][peer] : c.segment->boxes[peer][c.rank];
    const uint64_t written = box.written, read = box.read;
    const size_t room = sends ? standin::box_bytes - (written - read) : written - read;
    const size_t place = (sends ? written : read) % standin::box_bytes;
    const size_t n = std::min({bytes - done, room, standin::box_bytes - place});
    if (n == 0) return done == bytes && (!sends || read == written);
    if (sends) {
      std::memcpy(box.bytes + place, data + done, n);
      box.written = written + n;
    } else {
      std::memcpy(data + done, box.bytes + place, n);
      box.read = read + n;
    }
    done += n;
    return done == bytes && !sends;  // who sends looks again whether it was read
  }
};

void run_messages(ncclComm& c, std::vector<Message> messages) {
  wait_until(c, [&] {
    bool all = true;
    for (Message& message : messages) all = message.progress(c) && all;
    return all;
  });
}

ncclResult_t enqueue(ncclComm* c, cudaStream_t stream, std::function<void()> work) {
  if (c == nullptr || stream == nullptr) return ncclInvalidArgument;
  if (c->segment->arrived < static_cast<uint32_t>(c->size)) return ncclInvalidUsage;  // not ready yet
  ++c->tasks;
  stream->enqueue([c, work = std::move(work)] {
    try {
      if (!c->aborted) work();
    } catch (const Aborted&) {
    }
    --c->tasks;
  });
  return ncclSuccess;
}

/// The messages between ncclGroupStart() and ncclGroupEnd() of this thread.
struct Group {
  int depth = 0;
  ncclComm* comm = nullptr;
  cudaStream_t stream = nullptr;
  std::vector<Message> messages;
};
thread_local Group group;

ncclResult_t start_message(const Message& message, ncclComm* comm, cudaStream_t stream) {
  if (comm == nullptr || message.peer < 0 || message.peer >= comm->size) return ncclInvalidArgument;
  if (group.depth == 0) return enqueue(comm, stream, [comm, message] { run_messages(*comm, {message}); });
  if (group.comm != nullptr && group.comm != comm) return ncclInvalidUsage;
  group.comm = comm, group.stream = stream;
  group.messages.push_back(message);
  return ncclSuccess;
}

ncclResult_t start_collective(Call::Kind kind, const void* from, void* to, size_t count, ncclDataType_t type,
                              ReduceOp op, int root, ncclComm* comm, cudaStream_t stream) {
  const Call call{kind, static_cast<int32_t>(type_of(type)), static_cast<int32_t>(op), root, count};
  if (comm == nullptr || root < 0 || root >= comm->size) return ncclInvalidArgument;
  return enqueue(comm, stream, [=] {
    run_collective(*comm, static_cast<const std::byte*>(from), static_cast<std::byte*>(to), call);
  });
}

size_t bytes_of(size_t count, ncclDataType_t type) {
  return count * static_cast<size_t>(size_of(type_of(type)));
}

}  // namespace

ncclResult_t ncclGetVersion(int* version) {
  *version = 0;
  return ncclSuccess;
}

const char* ncclGetErrorString(ncclResult_t result) {
  constexpr std::array words{"no error",
                             "unhandled cuda error",
                             "unhandled system error",
                             "internal error",
                             "invalid argument",
                             "invalid usage",
                             "remote process exited or there was a network error",
                             "NCCL operation in progress"};
  return words[result];
}

const char* ncclGetLastError(ncclComm_t) {
  return "";
}

ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
  std::random_device random;
  const std::string name = fmt::format("/gpt-nccl-{}-{:08x}{:08x}", ::getpid(), random(), random());
  *id = {};
  std::memcpy(id->internal, name.data(), name.size());
  return ncclSuccess;
}

ncclResult_t ncclCommInitRankConfig(ncclComm_t* comm, int ranks, ncclUniqueId id, int rank,
                                    ncclConfig_t* config) {
  if (ranks < 1 || ranks > standin::most_ranks || rank < 0 || rank >= ranks || config->blocking != 0)
    return ncclInvalidArgument;
  try {
    *comm = new ncclComm(id.internal, rank, ranks);
  } catch (const Error&) {
    return ncclSystemError;
  }
  if ((*comm)->segment->arrived.fetch_add(1) + 1 == static_cast<uint32_t>(ranks))
    (*comm)->segment.forget_name();
  return ncclInProgress;
}

ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t* result) {
  *result = ncclSuccess;
  if (comm->segment->arrived < static_cast<uint32_t>(comm->size)) *result = ncclInProgress;
  if (comm->segment->aborted > 0) *result = ncclRemoteError;
  return ncclSuccess;
}

ncclResult_t ncclCommFinalize(ncclComm_t) {
  return ncclSuccess;
}

ncclResult_t ncclCommDestroy(ncclComm_t comm) {
  while (comm->tasks > 0) std::this_thread::yield();
  if (comm->segment->arrived < static_cast<uint32_t>(comm->size)) comm->segment.forget_name();
  delete comm;
  return ncclSuccess;
}

ncclResult_t ncclCommAbort(ncclComm_t comm) {
  comm->aborted = true;
  ++comm->segment->aborted;
  return ncclCommDestroy(comm);
}

ncclResult_t ncclAllReduce(const void* from, void* to, size_t count, ncclDataType_t type, ncclRedOp_t op,
                           ncclComm_t comm, cudaStream_t stream) {
  return start_collective(Call::Kind::all_reduce, from, to, count, type, op_of(op), 0, comm, stream);
}

ncclResult_t ncclBroadcast(const void* from, void* to, size_t count, ncclDataType_t type, int root,
                           ncclComm_t comm, cudaStream_t stream) {
  return start_collective(Call::Kind::broadcast, from, to, count, type, {}, root, comm, stream);
}

ncclResult_t ncclReduceScatter(const void* from, void* to, size_t count, ncclDataType_t type, ncclRedOp_t op,
                               ncclComm_t comm, cudaStream_t stream) {
  return start_collective(Call::Kind::reduce_scatter, from, to, count, type, op_of(op), 0, comm, stream);
}

ncclResult_t ncclAllGather(const void* from, void* to, size_t count, ncclDataType_t type, ncclComm_t comm,
                           cudaStream_t stream) {
  return start_collective(Call::Kind::all_gather, from, to, count, type, {}, 0, comm, stream);
}

ncclResult_t ncclSend(const void* from, size_t count, ncclDataType_t type, int peer, ncclComm_t comm,
                      cudaStream_t stream) {
  // A message that is sent is only read.
  auto* const data = static_cast<std::byte*>(const_cast<void*>(from));
  return start_message({true, data, bytes_of(count, type), peer}, comm, stream);
}

ncclResult_t ncclRecv(void* to, size_t count, ncclDataType_t type, int peer, ncclComm_t comm,
                      cudaStream_t stream) {
  return start_message({false, static_cast<std::byte*>(to), bytes_of(count, type), peer}, comm, stream);
}

ncclResult_t ncclGroupStart() {
  ++group.depth;
  return ncclSuccess;
}

ncclResult_t ncclGroupEnd() {
  if (group.depth == 0) return ncclInvalidUsage;
  if (--group.depth > 0) return ncclSuccess;
  const Group whole = std::exchange(group, {});
  if (whole.messages.empty()) return ncclSuccess;
  return enqueue(whole.comm, whole.stream,
                 [comm = whole.comm, messages = whole.messages] { run_messages(*comm, messages); });
}

}  // namespace gpt::nccl_names
