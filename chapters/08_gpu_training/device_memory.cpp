#include "08_gpu_training/device_memory.hpp"

#include <cstring>

#include "08_gpu_training/memory_report.hpp"
#include "common/check.hpp"

namespace gpt::KERNEL_SPACE {

using simt::check;

DeviceMemory::DeviceMemory(int device)
    : number_(device), staging_(std::make_shared<CachingAllocator>(std::make_shared<PinnedMemory>())) {
  use();
  check(cudaStreamCreate(&stream_), "cudaStreamCreate");
}

void DeviceMemory::use() const {
  check(cudaSetDevice(number_), "cudaSetDevice");
}

DeviceMemory::~DeviceMemory() {
  cudaStreamSynchronize(stream_);
  cudaStreamDestroy(stream_);
}

Device DeviceMemory::device() const {
#ifdef SIMT_USE_CUDA
  return Device::cuda;
#else
  return Device::simt;
#endif
}

// [take]
void* DeviceMemory::take(int64_t bytes) {
  void* block = nullptr;
  const cudaError_t status = cudaMallocAsync(&block, static_cast<size_t>(bytes), stream_);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();  // or the next call would report it again
    return nullptr;
  }
  check(status, "cudaMallocAsync");
  return block;
}

void DeviceMemory::give_back(void* block) {
  cudaFreeAsync(block, stream_);
}

void DeviceMemory::out_of_memory(int64_t bytes, int64_t in_use) const {
  size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  throw UserError(
      fmt::format("the memory of the device {} is full: needs {} more, has {} of {} left and {} in use by "
                  "this process; try "
                  "a smaller --micro-batch or --batch, a shorter --context, or --precision bf16",
                  name_of(device()), bytes_text(bytes), bytes_text(static_cast<int64_t>(free)),
                  bytes_text(static_cast<int64_t>(total)), bytes_text(in_use)));
}
// [/take]

// [copies]
void DeviceMemory::copy_in(void* to, const void* from_host, int64_t bytes) {
  check(cudaMemcpyAsync(to, from_host, static_cast<size_t>(bytes), cudaMemcpyHostToDevice, stream_),
        "copy to the device");
  synchronize();
}

void DeviceMemory::copy_out(void* to_host, const void* from, int64_t bytes) {
  check(cudaMemcpyAsync(to_host, from, static_cast<size_t>(bytes), cudaMemcpyDeviceToHost, stream_),
        "copy to the host");
  synchronize();
}

void DeviceMemory::copy_within(void* to, const void* from, int64_t bytes) {
  check(cudaMemcpyAsync(to, from, static_cast<size_t>(bytes), cudaMemcpyDeviceToDevice, stream_),
        "copy on the device");
}
// [/copies]

void DeviceMemory::synchronize() const {
  check(cudaStreamSynchronize(stream_), "waiting for the device");
}

void* PinnedMemory::take(int64_t bytes) {
  void* block = nullptr;
  if (cudaMallocHost(&block, static_cast<size_t>(bytes)) == cudaSuccess) return block;
  cudaGetLastError();
  return nullptr;
}

void PinnedMemory::give_back(void* block) {
  cudaFreeHost(block);
}

void PinnedMemory::out_of_memory(int64_t bytes, int64_t in_use) const {
  throw UserError(fmt::format("the host has no {} more that a device can reach by itself; {} are in use",
                              bytes_text(bytes), bytes_text(in_use)));
}

void PinnedMemory::copy_within(void* to, const void* from, int64_t bytes) {
  std::memcpy(to, from, static_cast<size_t>(bytes));
}

}  // namespace gpt::KERNEL_SPACE
