#pragma once
// Copies from global to shared memory that no register and no thread waits for (PTX ISA: cp.async), from
// sm_80 on. A thread starts some, closes a group of them, and later waits until its groups but the last few
// are there. What other threads have copied is there after a barrier that follows their wait.
//
// The SIMT machine copies at once, so its checker sees a barrier that is missing, but not a wait.

#include "07_cuda_kernels/device.hpp"

namespace gpt::KERNEL_SPACE {

/// 16 bytes, both addresses a multiple of that; zeros if not `inside`, and then nothing is read.
__device__ inline void copy_async(void* shared, const void* global, bool inside) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(
                   static_cast<unsigned>(__cvta_generic_to_shared(shared))),
               "l"(__cvta_generic_to_global(global)), "r"(inside ? 16 : 0)
               : "memory");
#else
  *static_cast<uint4*>(shared) = inside ? *static_cast<const uint4*>(global) : make_uint4(0, 0, 0, 0);
#endif
}

/// A single word of 4 bytes.
__device__ inline void copy_async_word(float* shared, const float* global, bool inside) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(
                   static_cast<unsigned>(__cvta_generic_to_shared(shared))),
               "l"(__cvta_generic_to_global(global)), "r"(inside ? 4 : 0)
               : "memory");
#else
  *shared = inside ? *global : 0.0f;
#endif
}

/// Closes a group, which may be empty.
__device__ inline void close_copies() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

/// Waits for all groups of this thread but the last `under_way`.
template <int under_way>
__device__ void wait_for_copies() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  asm volatile("cp.async.wait_group %0;" ::"n"(under_way) : "memory");
#endif
}

}  // namespace gpt::KERNEL_SPACE
