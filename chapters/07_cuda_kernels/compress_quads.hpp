#pragma once
// Four neighbouring floats at a time, also at the end of an array. Only .cu files include it.

#include "07_cuda_kernels/compress.hpp"
#include "07_cuda_kernels/device.hpp"

namespace gpt::KERNEL_SPACE {

/// Whether a code can be read and written a quad at a time: it begins at a multiple of its quad's size.
inline bool aligned_quads(const void* code, size_t bytes) {
  return reinterpret_cast<uintptr_t>(code) % bytes == 0;
}

// [quads]
/// v = x[i … i + 3], and 0 where that is outside of the n elements. `packs`: x is a multiple of 16 bytes.
__device__ inline void load_quad(const float* x, int64_t i, int64_t n, bool packs, float (&v)[4]) {
  if (packs && i + 4 <= n) return load_pack(x + i, v);
  for (int j = 0; j < 4; ++j) v[j] = i + j < n ? x[i + j] : 0.0f;
}

/// x[i … i + 3] = v, or += v.
__device__ inline void store_quad(float* x, bool add, int64_t i, int64_t n, bool packs, float (&v)[4]) {
  if (add) {
    float before[4];
    load_quad(x, i, n, packs, before);
    for (int j = 0; j < 4; ++j) v[j] += before[j];
  }
  if (packs && i + 4 <= n) return store_pack(x + i, v);
  for (int j = 0; j < 4; ++j)
    if (i + j < n) x[i + j] = v[j];
}
// [/quads]

}  // namespace gpt::KERNEL_SPACE
