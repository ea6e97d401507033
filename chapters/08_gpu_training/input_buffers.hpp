#pragma once
// Batches on their way to the device.

#include <array>

#include "01_tensors/tensor.hpp"
#include "06_simt/simt.hpp"

namespace gpt::KERNEL_SPACE {

/// Pinned memory for two batches of inputs and targets, used in turn: while the device fetches one, the host
/// writes the next. So an upload does not wait for the kernels before it, only for the copy two batches ago.
class InputBuffers {
 public:
  InputBuffers(std::shared_ptr<Allocator> allocator, cudaStream_t stream);
  ~InputBuffers();
  InputBuffers(const InputBuffers&) = delete;
  InputBuffers& operator=(const InputBuffers&) = delete;

  /// A dense copy in the memory of the device. On return `tensor` may be changed.
  Tensor upload(const Tensor& tensor);

 private:
  struct Buffer {
    Tensor pinned;
    cudaEvent_t fetched{};
  };
  std::shared_ptr<Allocator> allocator_;
  cudaStream_t stream_;
  std::array<Buffer, 4> buffers_;
  size_t next_ = 0;
};

}  // namespace gpt::KERNEL_SPACE
