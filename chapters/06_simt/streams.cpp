#include "06_simt/simt.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace gpt::simt {
namespace cuda_names {

struct CUgraph_st {
  std::vector<std::function<void()>> orders;
};
struct CUgraphExec_st {
  CUgraph_st graph;
};

}  // namespace cuda_names

namespace detail {
namespace {

/// What a thread is capturing.
struct Capture {
  cudaStream_t stream = nullptr;  // nullptr: nothing
  std::unique_ptr<CUgraph_st> graph;
  bool in_vain = false;
};

Capture& capture_of_this_thread() {
  static thread_local Capture capture;
  return capture;
}

}  // namespace

bool capturing(cudaStream_t stream) {
  const cudaStream_t captured = capture_of_this_thread().stream;
  return captured != nullptr && (stream == nullptr || stream == captured);
}

cudaError_t refuse_capture(cudaError_t why) {
  capture_of_this_thread().in_vain = true;
  return why;
}

// [capture]
cudaError_t capture(cudaStream_t stream, std::function<void()> order) {
  Capture& capture = capture_of_this_thread();
  if (capture.in_vain) return cudaErrorStreamCaptureInvalidated;
  if (stream == nullptr) return refuse_capture(cudaErrorStreamCaptureImplicit);
  capture.graph->orders.push_back(std::move(order));
  return cudaSuccess;
}

void capture_launch(Run run, const LaunchConfig& config, std::string_view kernel, Body body,
                    const void* arguments, size_t bytes) {
  const auto* first = static_cast<const std::byte*>(arguments);
  const auto launch_again = [run, config, kernel, body, copy = std::vector(first, first + bytes)] {
    run(config, kernel, body, copy.data(), copy.size());
  };
  if (const cudaError_t status = capture(config.stream, launch_again); status != cudaSuccess)
    cuda_failed(std::string(kernel).c_str(), cudaGetErrorString(status));
}
// [/capture]

}  // namespace detail

namespace cuda_names {

using detail::capture_of_this_thread;
using detail::capturing;
using detail::refuse_capture;

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  *stream = reinterpret_cast<cudaStream_t>(new std::byte);  // an address of its own, and nothing behind it
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete reinterpret_cast<std::byte*>(stream);
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return capturing(stream) ? refuse_capture(cudaErrorStreamCaptureUnsupported) : cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
  return cudaStreamSynchronize(nullptr);
}

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  *event = new CUevent_st;
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  event->captured = stream != nullptr && capturing(stream);
  if (stream == nullptr && capturing()) return refuse_capture(cudaErrorStreamCaptureImplicit);
  event->time = std::chrono::steady_clock::now();
  return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if (!event->captured) return cudaSuccess;
  return capturing() ? refuse_capture(cudaErrorCapturedEvent) : cudaErrorCapturedEvent;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  if (event->captured && stream == capture_of_this_thread().stream) return cudaSuccess;
  return event->captured || (stream && capturing(stream)) ? refuse_capture(cudaErrorStreamCaptureUnsupported)
                                                          : cudaSuccess;
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t from, cudaEvent_t to) {
  *milliseconds = std::chrono::duration<float, std::milli>(to->time - from->time).count();
  return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  if (stream == nullptr) return cudaErrorStreamCaptureUnsupported;
  if (capturing()) return cudaErrorIllegalState;
  capture_of_this_thread() = {stream, std::make_unique<CUgraph_st>()};
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  *graph = nullptr;
  if (stream == nullptr || !capturing(stream)) return cudaErrorIllegalState;
  detail::Capture capture = std::exchange(capture_of_this_thread(), {});
  if (capture.in_vain) return cudaErrorStreamCaptureInvalidated;
  *graph = capture.graph.release();
  return cudaSuccess;
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* nodes, size_t* count) {
  if (nodes != nullptr) return cudaErrorInvalidValue;
  *count = graph->orders.size();
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  *executable = new CUgraphExec_st{*graph};
  return cudaSuccess;
}

// [replay]
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t) {
  if (capturing()) return refuse_capture(cudaErrorStreamCaptureUnsupported);  // no graphs within graphs here
  for (const std::function<void()>& order : executable->graph.orders) order();
  return cudaSuccess;
}
// [/replay]

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  delete executable;
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}

const char* cudaGetErrorString(cudaError_t status) {
  switch (status) {
    case cudaSuccess:
      return "no error";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorIllegalState:
      return "the operation cannot be performed in the present state";
    case cudaErrorStreamCaptureUnsupported:
      return "operation not permitted when stream is capturing";
    case cudaErrorStreamCaptureInvalidated:
      return "operation failed due to a previous error during capture";
    case cudaErrorStreamCaptureImplicit:
      return "operation would make the legacy stream depend on a capturing blocking stream";
    case cudaErrorCapturedEvent:
      return "operation not permitted on an event last recorded in a capturing stream";
    case cudaErrorInvalidValue:
      break;
  }
  return "invalid argument";
}

}  // namespace cuda_names
}  // namespace gpt::simt
