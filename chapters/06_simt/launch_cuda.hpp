#pragma once
// Launching a kernel on the GPU. Included by simt.hpp, in builds with CUDA's headers.

#include <cuda_runtime.h>

#include <cstddef>

namespace gpt::simt::inline FOR_KERNEL_SPACE {

struct LaunchConfig {
  dim3 grid, block;
  size_t shared_bytes = 0;
  cudaStream_t stream = nullptr;
};

#ifdef __CUDACC__
/// Starts Kernel(args...) in every thread of the grid. Throws Error if it cannot start; what goes wrong later
/// is said by a later call to the runtime.
template <auto Kernel, class... Args>
void launch(const LaunchConfig& config, Args... args) {
  cudaError_t status = cudaSuccess;
  if (config.shared_bytes > 48 * 1024)  // more than this must be asked for
    status = cudaFuncSetAttribute(Kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                  static_cast<int>(config.shared_bytes));
  if (status == cudaSuccess) {
    Kernel<<<config.grid, config.block, config.shared_bytes, config.stream>>>(args...);
    status = cudaGetLastError();
  }
  if (status != cudaSuccess) detail::cuda_failed(__PRETTY_FUNCTION__, cudaGetErrorString(status));
}
#endif

}  // namespace gpt::simt::inline FOR_KERNEL_SPACE

#define SIMT_DYNAMIC_SHARED(T, name)                                   \
  extern __shared__ __align__(16) unsigned char simt_dynamic_shared[]; \
  T* name = reinterpret_cast<T*>(simt_dynamic_shared)
