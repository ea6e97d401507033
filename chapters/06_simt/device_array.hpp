#pragma once
// An array in device memory, for programs and tests; on the GPU, or the SIMT machine's idea of it.

#include <utility>
#include <vector>

#include "06_simt/simt.hpp"

namespace gpt::simt::inline FOR_KERNEL_SPACE {

/// `size` elements of device memory. Copied to and from the host explicitly, freed at the end.
template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(size_t size) : size_(size) {
    check(cudaMalloc(&data_, size * sizeof(T)), "cudaMalloc");
  }
  explicit DeviceArray(const std::vector<T>& values) : DeviceArray(values.size()) {
    check(cudaMemcpy(data_, values.data(), size_ * sizeof(T), cudaMemcpyHostToDevice), "cudaMemcpy");
  }
  ~DeviceArray() { cudaFree(data_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  T* data() const { return data_; }
  size_t size() const { return size_; }
  /// A copy on the host. Waits for the kernels before it.
  std::vector<T> host() const {
    std::vector<T> values(size_);
    check(cudaMemcpy(values.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost), "cudaMemcpy");
    return values;
  }

 private:
  T* data_ = nullptr;
  size_t size_;
};

}  // namespace gpt::simt::inline FOR_KERNEL_SPACE
