#include "12_nccl/nccl_group.hpp"

#include <cstring>
#include <exception>

#include "08_gpu_training/device_memory.hpp"
#include "10_collectives/patience.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

/// That of the memory it lies in: there its numbers are computed.
cudaStream_t stream_of(const Tensor& tensor) {
  const auto* const memory = dynamic_cast<const DeviceMemory*>(&tensor.allocator()->memory());
  GPT_CHECK(memory != nullptr, "NCCL wants the memory of a device, not {}", name_of(tensor.device()));
  return memory->stream();
}

}  // namespace

std::string NcclGroup::new_id(const NcclLibrary& library) {
  ncclUniqueId id;
  NCCL_CHECK(library, ncclGetUniqueId(&id));
  return {id.internal, sizeof(id.internal)};
}

// [join]
NcclGroup::NcclGroup(const NcclLibrary& library, const std::string& id, int rank, int size, double deadline)
    : library_(library),
      rank_(rank),
      size_(size),
      deadline_(deadline),
      exceptions_(std::uncaught_exceptions()) {
  ncclUniqueId unique;
  GPT_CHECK_EQ(id.size(), sizeof(unique.internal));
  std::memcpy(unique.internal, id.data(), id.size());
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;  // calls come back with ncclInProgress instead of waiting for other ranks
  NCCL_CHECK(library_, ncclCommInitRankConfig(&comm_, size, unique, rank, &config));
  accept(ncclInProgress, "joining the other ranks");
  set_clock();
}
// [/join]

NcclGroup::~NcclGroup() {
  try {
    if (failure_.empty() && std::uncaught_exceptions() == exceptions_) {
      if (!in_flight_.empty()) wait(*std::shared_ptr(in_flight_.back()));
      accept(library_.ncclCommFinalize(comm_), "leaving the other ranks");
      library_.ncclCommDestroy(comm_);
      return;
    }
  } catch (const std::exception&) {  // fail() has aborted it; whoever cares has asked before
  }
  if (failure_.empty()) library_.ncclCommAbort(comm_);
}

// [poll]
/// Waits until done(), or fails. `what` is what this rank waits for.
template <class F>
void NcclGroup::poll(const std::string& what, F&& done) {
  if (!failure_.empty()) throw Error(failure_);
  const Stopwatch watch;
  for (Patience patience;; patience.pause()) {
    const bool finished = done();
    ncclResult_t state = ncclSuccess;
    library_.ncclCommGetAsyncError(comm_, &state);  // also when it is done: what ended it may be the error
    if (state != ncclSuccess && state != ncclInProgress) fail(what, nccl_words(library_, state));
    if (finished) return;
    if (watch.seconds() > deadline_)
      fail(what, fmt::format("not done within {:g} s: another rank is gone, or has called something else",
                             deadline_));
  }
}

void NcclGroup::fail(const std::string& what, const std::string& cause) {
  failure_ = fmt::format("NCCL on rank {} of {}: {}: {}", rank_, size_, what, cause);
  library_.ncclCommAbort(comm_);  // ends the kernels that wait for other ranks
  in_flight_.clear();
  throw Error(failure_);
}
// [/poll]

/// Waits until the communicator may be used again after a call that returned `result`.
void NcclGroup::accept(ncclResult_t result, const std::string& what) {
  if (result != ncclSuccess && result != ncclInProgress) fail(what, nccl_words(library_, result));
  if (result == ncclSuccess) return;
  poll(what, [&] {
    ncclResult_t state = ncclSuccess;
    library_.ncclCommGetAsyncError(comm_, &state);
    return state == ncclSuccess;
  });
}

void NcclGroup::set_clock() {
  origin_.record(stream_.get());
  poll("reading the device's clock", [&] { return origin_.done(); });
  origin_time_ = std::chrono::steady_clock::now();
}

// [start]
void NcclGroup::start(const std::shared_ptr<NcclOperation>& operation, const Enqueue& enqueue) {
  constexpr auto clock_is_good_for = std::chrono::seconds(10);  // events know milliseconds, as a float
  if (!failure_.empty()) throw Error(failure_);
  if (in_flight_.empty() && std::chrono::steady_clock::now() - origin_time_ > clock_is_good_for) set_clock();
  for (const Tensor& tensor : operation->memory)  // it is whole when the kernels before have run
    stream_.wait_for(stream_of(tensor));
  operation->begin.record(stream_.get());
  accept(enqueue(comm_, stream_.get()), operation->call.text());
  operation->end.record(stream_.get());
  in_flight_.push_back(operation);
}

void NcclGroup::wait(const NcclOperation& operation) {
  while (!operation.finished) {
    if (!failure_.empty()) throw Error(failure_);
    const std::shared_ptr<NcclOperation> next = in_flight_.front();
    poll(next->call.text(), [&] { return next->end.done(); });
    in_flight_.pop_front();
    next->interval = {origin_time_ + next->begin.since(origin_), origin_time_ + next->end.since(origin_)};
    if (next->finish) next->finish();
    next->memory.clear();
    next->finished = true;
  }
}
// [/start]

}  // namespace gpt::KERNEL_SPACE
