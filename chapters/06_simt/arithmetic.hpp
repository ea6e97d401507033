#pragma once
// CUDA's device functions on numbers, and the atomic operations. Not for nvcc.

#include <bit>
#include <cmath>
#include <type_traits>

#include "06_simt/machine.hpp"

extern "C" {  // the C library's headers declare these names already, so they cannot be in a namespace
inline float __expf(float x) noexcept {
  return ::expf(x);
}
inline float __logf(float x) noexcept {
  return ::logf(x);
}
inline float __log2f(float x) noexcept {
  return ::log2f(x);
}
inline float __sinf(float x) noexcept {
  return ::sinf(x);
}
inline float __cosf(float x) noexcept {
  return ::cosf(x);
}
inline float __powf(float x, float y) noexcept {
  return ::powf(x, y);
}
}

namespace gpt::simt::detail::inline FOR_KERNEL_SPACE {

// [atomic]
/// *p = f(*p) in one piece; returns what was there before. Blocks run on several threads, so this is a real
/// atomic. The checker is told, and is to see the atomic operation alone, not its parts.
template <class T, class F>
__attribute__((no_sanitize("thread"))) T atomic_update(T* p, Where where, F f) {
  announce_atomic(p, sizeof *p, where);
  T old, updated;
  __atomic_load(p, &old, __ATOMIC_RELAXED);
  do {
    updated = f(old);
  } while (!__atomic_compare_exchange(p, &old, &updated, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  return old;
}
// [/atomic]

}  // namespace gpt::simt::detail::inline FOR_KERNEL_SPACE

namespace gpt::simt::cuda_names::inline FOR_KERNEL_SPACE {

template <class T>
T atomicAdd(T* p, std::type_identity_t<T> v, SIMT_HERE) {
  return detail::atomic_update(p, where, [=](T x) { return static_cast<T>(x + v); });
}
template <class T>
T atomicSub(T* p, std::type_identity_t<T> v, SIMT_HERE) {
  return detail::atomic_update(p, where, [=](T x) { return static_cast<T>(x - v); });
}
template <class T>
T atomicMin(T* p, std::type_identity_t<T> v, SIMT_HERE) {
  return detail::atomic_update(p, where, [=](T x) { return v < x ? v : x; });
}
template <class T>
T atomicMax(T* p, std::type_identity_t<T> v, SIMT_HERE) {
  return detail::atomic_update(p, where, [=](T x) { return x < v ? v : x; });
}
template <class T>
T atomicExch(T* p, std::type_identity_t<T> v, SIMT_HERE) {
  return detail::atomic_update(p, where, [=](T) { return v; });
}
template <class T>
T atomicCAS(T* p, std::type_identity_t<T> expected, std::type_identity_t<T> desired, SIMT_HERE) {
  return detail::atomic_update(p, where, [=](T x) { return x == expected ? desired : x; });
}
inline unsigned atomicInc(unsigned* p, unsigned limit, SIMT_HERE) {
  return detail::atomic_update(p, where, [=](unsigned x) { return x >= limit ? 0 : x + 1; });
}

inline float rsqrtf(float x) {
  return 1.0f / std::sqrt(x);
}
inline float __fdividef(float x, float y) {
  return x / y;
}
inline float __fmaf_rn(float x, float y, float z) {
  return std::fma(x, y, z);
}
inline float __frcp_rn(float x) {
  return 1.0f / x;
}
inline float __frsqrt_rn(float x) {
  return rsqrtf(x);
}
inline float __int_as_float(int x) {
  return std::bit_cast<float>(x);
}
inline int __float_as_int(float x) {
  return std::bit_cast<int>(x);
}
inline float __uint_as_float(unsigned x) {
  return std::bit_cast<float>(x);
}
inline unsigned __float_as_uint(float x) {
  return std::bit_cast<unsigned>(x);
}
inline int __popc(unsigned x) {
  return std::popcount(x);
}
inline int __clz(int x) {
  return std::countl_zero(static_cast<unsigned>(x));
}
inline int __ffs(int x) {
  return __builtin_ffs(x);
}
inline unsigned __umulhi(unsigned x, unsigned y) {
  return static_cast<unsigned>(uint64_t{x} * y >> 32);
}
template <class T>
T __ldg(const T* p) {
  return *p;
}

template <class T, class U>
constexpr std::common_type_t<T, U> min(T a, U b) {
  const std::common_type_t<T, U> x = a, y = b;
  return y < x ? y : x;
}
template <class T, class U>
constexpr std::common_type_t<T, U> max(T a, U b) {
  const std::common_type_t<T, U> x = a, y = b;
  return x < y ? y : x;
}

}  // namespace gpt::simt::cuda_names::inline FOR_KERNEL_SPACE
