#include "08_gpu_training/input_buffers.hpp"

#include <cstring>

namespace gpt::KERNEL_SPACE {

using simt::check;

InputBuffers::InputBuffers(std::shared_ptr<Allocator> allocator, cudaStream_t stream)
    : allocator_(std::move(allocator)), stream_(stream) {
  for (Buffer& buffer : buffers_) check(cudaEventCreate(&buffer.fetched), "cudaEventCreate");
}

InputBuffers::~InputBuffers() {
  for (Buffer& buffer : buffers_) {
    cudaEventSynchronize(buffer.fetched);  // the device may still be reading
    cudaEventDestroy(buffer.fetched);
  }
}

// [upload]
Tensor InputBuffers::upload(const Tensor& tensor) {
  const Tensor source = tensor.contiguous();
  const Tensor result(source.shape(), source.dtype(), allocator_);
  if (source.bytes() == 0) return result;
  const auto bytes = static_cast<size_t>(source.bytes());
  Buffer& buffer = buffers_[next_++ % buffers_.size()];
  check(cudaEventSynchronize(buffer.fetched), "cudaEventSynchronize");
  if (!buffer.pinned.defined() || buffer.pinned.bytes() < source.bytes())
    buffer.pinned = Tensor({source.bytes() / 4 + 1}, DType::i32, allocator_->memory().staging());
  std::memcpy(buffer.pinned.bytes_data(), source.bytes_data(), bytes);
  check(cudaMemcpyAsync(result.address(), buffer.pinned.bytes_data(), bytes, cudaMemcpyHostToDevice, stream_),
        "copy of a batch to the device");
  check(cudaEventRecord(buffer.fetched, stream_), "cudaEventRecord");
  return result;
}
// [/upload]

}  // namespace gpt::KERNEL_SPACE
