#pragma once
// bf16 in kernels: simt::bf16 is CUDA's type for nvcc, and chapter 01's on the SIMT machine, with the same
// bits.

#include "06_simt/simt.hpp"

#if defined(__CUDACC__) || defined(SIMT_USE_CUDA)
#include <cuda_bf16.h>

namespace gpt::simt::inline FOR_KERNEL_SPACE {
using bf16 = __nv_bfloat16;
}  // namespace gpt::simt::inline FOR_KERNEL_SPACE
#else
#include "01_tensors/dtype.hpp"

namespace gpt::simt::inline FOR_KERNEL_SPACE {
using bf16 = gpt::bf16;
}  // namespace gpt::simt::inline FOR_KERNEL_SPACE

namespace gpt::simt::cuda_names::inline FOR_KERNEL_SPACE {
inline gpt::bf16 __float2bfloat16(float x) {
  return gpt::bf16(x);
}
inline float __bfloat162float(gpt::bf16 x) {
  return static_cast<float>(x);
}
}  // namespace gpt::simt::cuda_names::inline FOR_KERNEL_SPACE
#endif
