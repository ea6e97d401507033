#pragma once
// CUDA's words for a plain C++ compiler: qualifiers, threadIdx and its kin, dim3 and the vector types. Not
// for nvcc.

#include <cstdint>

// [qualifiers]
#ifdef SIMT_CHECKED
#define __global__ \
  __attribute__((noinline))  // inlined into code that is not watched, a kernel would not be either
#else
#define __global__
#endif
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))
#if defined(__SANITIZE_ADDRESS__)  // g++ says it so …
#define SIMT_ADDRESS_SANITIZER 1
#elif defined(__has_feature)  // … and clang so
#if __has_feature(address_sanitizer)
#define SIMT_ADDRESS_SANITIZER 1
#endif
#endif
#ifdef SIMT_ADDRESS_SANITIZER
#define __shared__ \
  static  // AddressSanitizer guards the ends of plain statics only; so there is one worker then
#else
#define __shared__ static thread_local  // all threads of a block run on one thread of the system
#endif
// [/qualifiers]

/// extern __shared__ T name[]: the shared memory whose size the launch gives.
#define SIMT_DYNAMIC_SHARED(T, name) T* name = static_cast<T*>(::gpt::simt::detail::dynamic_shared())

namespace gpt::simt {

/// The names below are CUDA's own, and visible everywhere in an emulated build. They live in a namespace, so
/// that one program can hold emulated kernels and CUDA's.
namespace cuda_names {

struct uint3 {
  unsigned x, y, z;
};

struct dim3 {
  unsigned x, y, z;
  // NOLINTNEXTLINE: implicit, as CUDA's
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

/// Which thread is running, set by the scheduler whenever it changes.
inline thread_local constinit uint3 threadIdx{}, blockIdx{};
inline thread_local constinit dim3 blockDim{}, gridDim{};
constexpr int warpSize = 32;

// may_alias: these types exist to be read through a reinterpret_cast from float* or int*.
#define SIMT_VECTOR_TYPES(T, name)                                    \
  struct __attribute__((may_alias, aligned(2 * sizeof(T)))) name##2 { \
    T x, y;                                                           \
  };                                                                  \
  struct __attribute__((may_alias, aligned(4 * sizeof(T)))) name##4 { \
    T x, y, z, w;                                                     \
  };                                                                  \
  inline name##2 make_##name##2(T x, T y) {                           \
    return {x, y};                                                    \
  }                                                                   \
  inline name##4 make_##name##4(T x, T y, T z, T w) {                 \
    return {x, y, z, w};                                              \
  }
SIMT_VECTOR_TYPES(float, float)
SIMT_VECTOR_TYPES(int, int)
SIMT_VECTOR_TYPES(unsigned, uint)
#undef SIMT_VECTOR_TYPES

struct CUstream_st;
using cudaStream_t = CUstream_st*;

}  // namespace cuda_names
}  // namespace gpt::simt

using namespace gpt::simt::cuda_names;  // NOLINT: kernels write threadIdx, not a longer name
