#pragma once
// The one header that a file of kernels includes. nvcc gets CUDA's own words from it; any other C++ compiler
// gets the SIMT machine, which runs the same kernels on the CPU. Kernels differ from textbook CUDA in two
// places:
//
//     simt::launch<saxpy>({grid, block, shared_bytes, stream}, n, a, x, y);  // saxpy<<<grid, block, …>>>(n,
//     a, x, y) SIMT_DYNAMIC_SHARED(float, tile);                                      // extern __shared__
//     float tile[];
//
// A file of kernels is built up to three times (common/cmake/Kernels.cmake), each time in a namespace of its
// own, so that one program can hold all three:
//
//     namespace gpt::KERNEL_SPACE { … }   gpt::emulated: on the CPU, for speed
//                                         gpt::checked:  on the CPU, watching every access to memory
//                                         gpt::cuda:     on the GPU

#include "06_simt/kernel_space.hpp"

/// Declares the functions in all three namespaces, for code that chooses between them when it runs.
#define SIMT_ON_EVERY_MACHINE(...) \
  namespace emulated {             \
  __VA_ARGS__                      \
  }                                \
  namespace checked {              \
  __VA_ARGS__                      \
  }                                \
  namespace cuda {                 \
  __VA_ARGS__                      \
  }

namespace gpt::simt::detail {
/// Throws Error.
[[noreturn]] void cuda_failed(const char* what, const char* why);
}  // namespace gpt::simt::detail

#if defined(__CUDACC__) || defined(SIMT_USE_CUDA)  // the latter: host code of the CUDA build, compiled by g++
#include "06_simt/launch_cuda.hpp"
#else
#include "06_simt/launch_machine.hpp"
#endif

namespace gpt::simt::inline FOR_KERNEL_SPACE {
/// Throws Error, saying what was tried, unless a call to CUDA's runtime succeeded.
inline void check(cudaError_t status, const char* what) {
  if (status != cudaSuccess) detail::cuda_failed(what, cudaGetErrorString(status));
}
}  // namespace gpt::simt::inline FOR_KERNEL_SPACE
