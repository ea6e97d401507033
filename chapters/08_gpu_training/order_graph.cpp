#include "08_gpu_training/order_graph.hpp"

#include "common/check.hpp"

namespace gpt::KERNEL_SPACE {

using simt::check;

OrderGraph::OrderGraph(std::shared_ptr<DeviceMemory> memory, std::shared_ptr<CachingAllocator> allocator,
                       const std::function<void()>& orders)
    : memory_(std::move(memory)), allocator_(std::move(allocator)) {
  allocator_->begin_keeping();
  try {
    capture(orders);
  } catch (...) {
    allocator_->give_back(allocator_->end_keeping());
    throw;
  }
  try {
    blocks_ = allocator_->end_keeping();
  } catch (...) {
    cudaGraphExecDestroy(executable_);
    throw;
  }
}

// [capture]
void OrderGraph::capture(const std::function<void()>& orders) {
  check(cudaStreamBeginCapture(memory_->stream(), cudaStreamCaptureModeThreadLocal),
        "cudaStreamBeginCapture");
  cudaGraph_t graph = nullptr;
  try {
    orders();
  } catch (...) {
    cudaStreamEndCapture(memory_->stream(), &graph);
    if (graph) cudaGraphDestroy(graph);
    cudaGetLastError();  // the exception says what it was
    throw;
  }
  check(cudaStreamEndCapture(memory_->stream(), &graph), "cudaStreamEndCapture");
  size_t nodes = 0;
  cudaError_t status = cudaGraphGetNodes(graph, nullptr, &nodes);
  if (status == cudaSuccess) status = cudaGraphInstantiate(&executable_, graph, 0);
  cudaGraphDestroy(graph);
  check(status, "cudaGraphInstantiate");
  size_ = static_cast<int64_t>(nodes);
}
// [/capture]

OrderGraph::~OrderGraph() {
  cudaGraphExecDestroy(executable_);
  allocator_->give_back(blocks_);  // to those whose orders come after the last run of these
}

void OrderGraph::run() {
  check(cudaGraphLaunch(executable_, memory_->stream()), "cudaGraphLaunch");
}

}  // namespace gpt::KERNEL_SPACE
