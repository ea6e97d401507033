#pragma once
// What the files of kernels share: element types, and packs of elements. Only .cu files include it.

#include "06_simt/bf16.hpp"
#include "07_cuda_kernels/seam.hpp"

namespace gpt::KERNEL_SPACE {

constexpr unsigned all_lanes = 0xffffffff;

inline cudaStream_t native(Stream stream) {
  return reinterpret_cast<cudaStream_t>(stream);
}

/// Whether bf16 runs on tensor cores here.
inline bool bf16_on_tensor_cores() {
#if defined(__CUDACC__)
  int device = 0, major = 0;
  simt::check(cudaGetDevice(&device), "cudaGetDevice");
  simt::check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device),
              "cudaDeviceGetAttribute");
  return major >= 8;
#else
  return true;
#endif
}

/// Blocks of so many threads that are needed for n elements.
inline unsigned blocks_for(int64_t n, int64_t threads) {
  return static_cast<unsigned>((n + threads - 1) / threads);
}

// [dispatch]
/// Calls f with a zero of the C++ type that stands for `type`: f32 or bf16.
template <class F>
void for_type(DType type, F&& f) {
  if (is_bf16(type)) {
    f(simt::bf16{});
  } else {
    f(float{});
  }
}
// [/dispatch]

/// The index of this thread in the grid.
__device__ inline int64_t thread_index() {
  return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

// [elements]
__device__ inline float to_float(float x) {
  return x;
}
__device__ inline float to_float(simt::bf16 x) {
  return static_cast<float>(x);
}
template <class T>
__device__ inline T from_float(float x) {
  if constexpr (sizeof(T) == 2) {
    return __float2bfloat16(x);
  } else {
    return x;
  }
}
// [/elements]

/// The bits of x as bf16.
__device__ inline unsigned bf16_bits(float x) {
  const simt::bf16 rounded = __float2bfloat16(x);
#if defined(__CUDACC__)
  return __bfloat16_as_ushort(rounded);
#else
  return rounded.bits;
#endif
}

// [packs]
/// How many elements of T one access of 16 bytes moves.
template <class T>
constexpr int pack = 16 / static_cast<int>(sizeof(T));

/// Loads 4 floats, or 4 or 8 bf16, in one access. p must be a multiple of its width.
__device__ inline void load_pack(const float* p, float (&x)[4]) {
  const float4 v = *reinterpret_cast<const float4*>(p);
  x[0] = v.x, x[1] = v.y, x[2] = v.z, x[3] = v.w;
}
__device__ inline void unpack_two(unsigned word, float* x) {  // a bf16 is the upper half of a float
  x[0] = __uint_as_float(word << 16);
  x[1] = __uint_as_float(word & 0xffff0000);
}
__device__ inline void load_pack(const simt::bf16* p, float (&x)[4]) {
  const uint2 v = *reinterpret_cast<const uint2*>(p);
  unpack_two(v.x, x), unpack_two(v.y, x + 2);
}
__device__ inline void load_pack(const simt::bf16* p, float (&x)[8]) {
  const uint4 v = *reinterpret_cast<const uint4*>(p);
  unpack_two(v.x, x), unpack_two(v.y, x + 2), unpack_two(v.z, x + 4), unpack_two(v.w, x + 6);
}
// [/packs]

/// Stores them in one access.
__device__ inline void store_pack(float* p, const float (&x)[4]) {
  *reinterpret_cast<float4*>(p) = make_float4(x[0], x[1], x[2], x[3]);
}
__device__ inline unsigned pack_two(const float* x) {
  return bf16_bits(x[0]) | bf16_bits(x[1]) << 16;
}
__device__ inline void store_pack(simt::bf16* p, const float (&x)[4]) {
  *reinterpret_cast<uint2*>(p) = make_uint2(pack_two(x), pack_two(x + 2));
}
__device__ inline void store_pack(simt::bf16* p, const float (&x)[8]) {
  *reinterpret_cast<uint4*>(p) = make_uint4(pack_two(x), pack_two(x + 2), pack_two(x + 4), pack_two(x + 6));
}

/// Whether all these pointers are multiples of 16 bytes (or null), so that packs can be used.
template <class... Pointers>
bool aligned(Pointers... pointers) {
  return ((reinterpret_cast<uintptr_t>(pointers) | ... | 0) & 15) == 0;
}

}  // namespace gpt::KERNEL_SPACE
