#pragma once
// The part of CUDA's runtime that says when: streams, events, and graphs of orders. Not for nvcc.

#include <chrono>
#include <cstddef>
#include <functional>

#include "06_simt/machine.hpp"

namespace gpt::simt {
namespace cuda_names {

/// With CUDA's numbers.
enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorIllegalState = 401,
  cudaErrorStreamCaptureUnsupported = 900,
  cudaErrorStreamCaptureInvalidated = 901,
  cudaErrorStreamCaptureImplicit = 906,
  cudaErrorCapturedEvent = 907
};
const char* cudaGetErrorString(cudaError_t status);
inline cudaError_t cudaGetLastError() {
  return cudaSuccess;
}

// Streams run one after the other: what is asynchronous on a GPU is done on return here. Only what is
// captured is not.
cudaError_t cudaStreamCreate(cudaStream_t* stream);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaDeviceSynchronize();

struct CUevent_st {
  std::chrono::steady_clock::time_point time;
  bool captured = false;
};
using cudaEvent_t = CUevent_st*;
cudaError_t cudaEventCreate(cudaEvent_t* event);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream = nullptr);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
/// The machine follows no capture into a second stream.
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags = 0);
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t from, cudaEvent_t to);

// [graphs]
struct CUgraph_st;
struct CUgraphExec_st;
struct CUgraphNode_st;
using cudaGraph_t = CUgraph_st*;
using cudaGraphExec_t = CUgraphExec_st*;
using cudaGraphNode_t = CUgraphNode_st*;
enum cudaStreamCaptureMode { cudaStreamCaptureModeThreadLocal = 1 };

/// From here on this thread's launches, copies and fills in `stream` are noted and not done. What would wait
/// for them, the synchronous calls and whatever allocates or frees memory are refused, and end the capture in
/// vain. A thread captures one stream at a time, and never nullptr, the stream that waits for all others.
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph);
/// How many orders a graph holds. `nodes` is nullptr: they cannot be looked at here.
cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* nodes, size_t* count);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                                 unsigned long long flags = 0);
/// All orders, one after the other, each with the arguments that it had when it was captured.
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);
// [/graphs]

}  // namespace cuda_names

namespace detail {

/// This thread captures what it asks of `stream`; with nullptr, any stream at all.
bool capturing(cudaStream_t stream = nullptr);
/// Notes an order; refuses one for nullptr, which would have to wait for the captured stream.
cudaError_t capture(cudaStream_t stream, std::function<void()> order);
/// Ends this thread's capture in vain. Returns `why`.
cudaError_t refuse_capture(cudaError_t why);
using Run = void (*)(const LaunchConfig& config, std::string_view kernel, Body body, const void* arguments,
                     size_t bytes);
/// Notes a launch with a copy of its arguments. Throws Error when it is refused.
void capture_launch(Run run, const LaunchConfig& config, std::string_view kernel, Body body,
                    const void* arguments, size_t bytes);

}  // namespace detail
}  // namespace gpt::simt
