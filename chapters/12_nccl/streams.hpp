#pragma once
// A stream for communication, and events: places in a stream that others can wait for.

#include <chrono>

#include "12_nccl/nccl_library.hpp"

namespace gpt::KERNEL_SPACE {

/// A place in a stream. Before the first record() nothing is done.
class Event {
 public:
  Event();
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  /// Marks the place behind all that `stream` was asked for so far.
  void record(cudaStream_t stream);
  /// Has the stream come by? Does not wait. Throws Error for what went wrong on the device.
  bool done() const;
  /// From when the stream came by `earlier` to when it came by here. Both are done.
  std::chrono::steady_clock::duration since(const Event& earlier) const;

 private:
  friend class CommunicationStream;
#ifdef SIMT_USE_CUDA
  cudaEvent_t event_ = nullptr;
#else
  struct State;
  std::shared_ptr<State> state_;
#endif
};

/// A stream beside the one that computes. What is enqueued here runs while kernels run there.
class CommunicationStream {
 public:
  CommunicationStream();
  ~CommunicationStream();  ///< waits until it is empty
  CommunicationStream(const CommunicationStream&) = delete;
  CommunicationStream& operator=(const CommunicationStream&) = delete;

  cudaStream_t get() const { return stream_; }
  /// What is enqueued from now on begins when `compute` has done all that it was asked for so far. The host
  /// does not wait.
  void wait_for(cudaStream_t compute);

 private:
  cudaStream_t stream_ = nullptr;
  Event computed_;
};

}  // namespace gpt::KERNEL_SPACE
