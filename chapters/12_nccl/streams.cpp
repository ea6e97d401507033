#include "12_nccl/streams.hpp"

#include <atomic>

namespace gpt::KERNEL_SPACE {

#ifdef SIMT_USE_CUDA

using simt::check;

Event::Event() {
  check(cudaEventCreate(&event_), "cudaEventCreate");
}
Event::~Event() {
  cudaEventDestroy(event_);
}
// [event]
void Event::record(cudaStream_t stream) {
  check(cudaEventRecord(event_, stream), "cudaEventRecord");
}

bool Event::done() const {
  const cudaError_t status = cudaEventQuery(event_);
  if (status == cudaErrorNotReady) return false;
  check(status, "cudaEventQuery");
  return true;
}
// [/event]
std::chrono::steady_clock::duration Event::since(const Event& earlier) const {
  float milliseconds = 0;
  check(cudaEventElapsedTime(&milliseconds, earlier.event_, event_), "cudaEventElapsedTime");
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double, std::milli>(milliseconds));
}

// [stream]
CommunicationStream::CommunicationStream() {
  // Without this flag the stream would wait for the default stream, and the default stream for it. And where
  // both streams have blocks that could run, those of the collective go first: all other ranks wait for them.
  int least = 0, greatest = 0;
  check(cudaDeviceGetStreamPriorityRange(&least, &greatest), "cudaDeviceGetStreamPriorityRange");
  check(cudaStreamCreateWithPriority(&stream_, cudaStreamNonBlocking, greatest), "cudaStreamCreate");
}

void CommunicationStream::wait_for(cudaStream_t compute) {
  computed_.record(compute);
  check(cudaStreamWaitEvent(stream_, computed_.event_, 0), "cudaStreamWaitEvent");
}
// [/stream]
CommunicationStream::~CommunicationStream() {
  cudaStreamSynchronize(stream_);
  cudaStreamDestroy(stream_);
}

#else

struct Event::State {
  std::atomic<bool> done = false;
  std::chrono::steady_clock::time_point time;
};

Event::Event() = default;
Event::~Event() = default;

void Event::record(cudaStream_t stream) {
  state_ = std::make_shared<State>();
  const auto come_by = [state = state_] {
    state->time = std::chrono::steady_clock::now();
    state->done = true;
  };
  if (stream == nullptr)
    come_by();  // kernels are done when their launch returns
  else
    stream->enqueue(come_by);
}

bool Event::done() const {
  return state_ && state_->done;
}

std::chrono::steady_clock::duration Event::since(const Event& earlier) const {
  return state_->time - earlier.state_->time;
}

CommunicationStream::CommunicationStream() : stream_(new CUstream_st) {}

CommunicationStream::~CommunicationStream() {
  delete stream_;
}

void CommunicationStream::wait_for(cudaStream_t) {}  // the host has waited already

#endif

}  // namespace gpt::KERNEL_SPACE
