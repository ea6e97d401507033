#include "06_simt/runtime.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

#include "06_simt/machine.hpp"
#include "common/check.hpp"

namespace gpt::simt {
namespace detail {
namespace {

/// All device memory of the program, by address.
class DeviceMemory {
 public:
  void add(void* pointer, size_t bytes) {
    const std::lock_guard lock(mutex_);
    const auto* begin = static_cast<const std::byte*>(pointer);
    pieces_[begin] = {begin, bytes};
    used_ += bytes;
  }
  bool remove(void* pointer) {
    const std::lock_guard lock(mutex_);
    const auto found = pieces_.find(static_cast<const std::byte*>(pointer));
    if (found == pieces_.end()) return false;
    used_ -= found->second.bytes;
    pieces_.erase(found);
    return true;
  }
  size_t free() const {
    const std::lock_guard lock(mutex_);
    return current_options().memory - std::min(used_, current_options().memory);
  }
  Allocation before(const void* address) const {
    const std::lock_guard lock(mutex_);
    const auto found = pieces_.lower_bound(static_cast<const std::byte*>(address));
    return found == pieces_.end() ? Allocation{} : found->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<const std::byte*, Allocation, std::greater<>> pieces_;  // so lower_bound() looks downwards
  size_t used_ = 0;
};

DeviceMemory& device_memory() {
  static auto* memory = new DeviceMemory;  // outlives whatever frees device memory at the program's end
  return *memory;
}

void check_range(const char* call, const void* pointer, size_t bytes, bool on_device) {
  const auto* p = static_cast<const std::byte*>(pointer);
  const Allocation piece = device_memory().before(p);
  if (on_device) {
    GPT_CHECK(p + bytes <= piece.end(), "{}: not {} bytes of device memory", call, bytes);
  } else {
    GPT_CHECK(p >= piece.end(), "{}: device memory where the host's is due", call);
  }
}

}  // namespace

Allocation allocation_before(const void* address) {
  return device_memory().before(address);
}

}  // namespace detail

namespace cuda_names {

cudaError_t cudaMalloc(void** pointer, size_t bytes) {
  *pointer = nullptr;
  if (bytes == 0) return cudaSuccess;
  if (detail::capturing()) return detail::refuse_capture(cudaErrorStreamCaptureUnsupported);
  if (bytes > detail::device_memory().free()) return cudaErrorMemoryAllocation;
#ifdef SIMT_ADDRESS_SANITIZER
  *pointer = std::malloc(bytes);  // AddressSanitizer watches what lies behind its end
#else
  *pointer = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
#endif
  if (!*pointer) return cudaErrorMemoryAllocation;
  std::memset(*pointer, 0xff, bytes);
  detail::device_memory().add(*pointer, bytes);
  return cudaSuccess;
}

cudaError_t cudaFree(void* pointer) {
  if (!pointer) return cudaSuccess;
  if (detail::capturing()) return detail::refuse_capture(cudaErrorStreamCaptureUnsupported);
  if (!detail::device_memory().remove(pointer)) return cudaErrorInvalidValue;
  std::free(pointer);
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  *free = detail::device_memory().free();
  *total = current_options().memory;
  return cudaSuccess;
}

cudaError_t cudaMallocHost(void** pointer, size_t bytes) {
  if (detail::capturing()) return detail::refuse_capture(cudaErrorStreamCaptureUnsupported);
  *pointer = std::malloc(bytes ? bytes : 1);
  return *pointer ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaFreeHost(void* pointer) {
  if (pointer && detail::capturing()) return detail::refuse_capture(cudaErrorStreamCaptureUnsupported);
  std::free(pointer);
  return cudaSuccess;
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  return cudaMemcpyAsync(to, from, bytes, kind, nullptr);  // in the stream that cannot be captured
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  if (bytes == 0) return cudaSuccess;
  if (detail::capturing(stream)) return detail::capture(stream, [=] { cudaMemcpy(to, from, bytes, kind); });
  if (kind != cudaMemcpyDefault) {
    const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
    const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
    detail::check_range("cudaMemcpy to", to, bytes, to_device);
    detail::check_range("cudaMemcpy from", from, bytes, from_device);
  }
  std::memcpy(to, from, bytes);
  return cudaSuccess;
}

cudaError_t cudaMemset(void* to, int value, size_t bytes) {
  return cudaMemsetAsync(to, value, bytes, nullptr);
}

cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t stream) {
  if (bytes == 0) return cudaSuccess;
  if (detail::capturing(stream)) return detail::capture(stream, [=] { cudaMemset(to, value, bytes); });
  detail::check_range("cudaMemset", to, bytes, true);
  std::memset(to, value, bytes);
  return cudaSuccess;
}

}  // namespace cuda_names
}  // namespace gpt::simt
