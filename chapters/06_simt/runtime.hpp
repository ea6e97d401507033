#pragma once
// The part of CUDA's runtime that the book uses: memory and copies. Not for nvcc.

#include <cstddef>

#include "06_simt/streams.hpp"

namespace gpt::simt {
namespace cuda_names {

enum cudaMemcpyKind {
  cudaMemcpyHostToHost,
  cudaMemcpyHostToDevice,
  cudaMemcpyDeviceToHost,
  cudaMemcpyDeviceToDevice,
  cudaMemcpyDefault
};
/// Device memory is a piece of the host's, known to the machine and filled with 0xFF: as a float, NaN.
cudaError_t cudaMalloc(void** pointer, size_t bytes);
/// cudaErrorInvalidValue for what is not the start of a piece of device memory.
cudaError_t cudaFree(void* pointer);
/// Throws Error if one of the ranges is not where `kind` says.
cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind);
cudaError_t cudaMemset(void* to, int value, size_t bytes);
cudaError_t cudaMallocHost(void** pointer, size_t bytes);
cudaError_t cudaFreeHost(void* pointer);
/// How many bytes of device memory there are, and how many of them nobody holds (Options::memory).
cudaError_t cudaMemGetInfo(size_t* free, size_t* total);

template <class T>
cudaError_t cudaMalloc(T** pointer, size_t bytes) {
  return cudaMalloc(reinterpret_cast<void**>(pointer), bytes);
}
template <class T>
cudaError_t cudaMallocHost(T** pointer, size_t bytes) {
  return cudaMallocHost(reinterpret_cast<void**>(pointer), bytes);
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream = nullptr);
cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t stream = nullptr);
template <class T>
cudaError_t cudaMallocAsync(T** pointer, size_t bytes, cudaStream_t = nullptr) {
  return cudaMalloc(pointer, bytes);
}
inline cudaError_t cudaFreeAsync(void* pointer, cudaStream_t = nullptr) {
  return cudaFree(pointer);
}
inline cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
inline cudaError_t cudaSetDevice(int device) {
  return device == 0 ? cudaSuccess : cudaErrorInvalidValue;
}

}  // namespace cuda_names

namespace detail {

/// A piece of device memory.
struct Allocation {
  const std::byte* begin = nullptr;
  size_t bytes = 0;

  const std::byte* end() const { return begin + bytes; }
};
/// The piece that begins at or nearest before `address`; an empty one if there is none.
Allocation allocation_before(const void* address);

}  // namespace detail
}  // namespace gpt::simt
