#pragma once
// A CUDA graph: orders that the device keeps, with the memory that they use.

#include <functional>
#include <memory>

#include "05_gpt/backend.hpp"
#include "08_gpu_training/device_memory.hpp"

namespace gpt::KERNEL_SPACE {

class OrderGraph final : public OrderList {
 public:
  /// Captures what `orders` asks of the stream of `memory`, from which `allocator` takes its blocks. Throws
  /// Error when it is something that cannot be captured: a wait, a copy to the host, memory that was not
  /// there before.
  OrderGraph(std::shared_ptr<DeviceMemory> memory, std::shared_ptr<CachingAllocator> allocator,
             const std::function<void()>& orders);
  ~OrderGraph() override;
  OrderGraph(const OrderGraph&) = delete;
  OrderGraph& operator=(const OrderGraph&) = delete;

  void run() override;
  int64_t size() const override { return size_; }

 private:
  void capture(const std::function<void()>& orders);

  std::shared_ptr<DeviceMemory> memory_;
  std::shared_ptr<CachingAllocator> allocator_;
  std::vector<CachingAllocator::Block> blocks_;  // in which the orders work, as long as they may run
  cudaGraphExec_t executable_ = nullptr;
  int64_t size_ = 0;
};

}  // namespace gpt::KERNEL_SPACE
