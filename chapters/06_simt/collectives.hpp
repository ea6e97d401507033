#pragma once
// What the threads of a block, and the lanes of a warp, do together: CUDA's barriers, votes, shuffles and
// reductions. Not for nvcc.

#include <cstring>
#include <functional>
#include <type_traits>

#include "06_simt/machine.hpp"

// Inline code that kernels call is compiled again for each kind of build (simt.hpp), and must not be taken
// for the same: hence the inline namespace.
namespace gpt::simt::detail::inline FOR_KERNEL_SPACE {

inline int linear_thread() {
  return static_cast<int>(threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z));
}
inline int lane() {
  return linear_thread() % 32;
}

// [shuffle]
template <class T>
T shuffle(unsigned mask, T value, int source, const char* name, Where where) {
  static_assert(sizeof(T) <= 8 && std::is_trivially_copyable_v<T>);
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  const Finish finish = [](WarpExchange& warp) {
    warp.for_each_lane([&](int lane) {
      const int from = static_cast<int>(warp.argument[lane]);
      if (!(warp.mask >> from & 1)) fail_inactive_source(lane, from);
      warp.result[lane] = warp.value[from];
    });
  };
  bits = warp_collective(mask, bits, static_cast<uint64_t>(source), name, finish, where);
  std::memcpy(&value, &bits, sizeof value);
  return value;
}
// [/shuffle]

/// One bit per lane of the mask: whether it passed true.
inline unsigned ballot(unsigned mask, bool predicate, const char* name, Where where) {
  const Finish finish = [](WarpExchange& warp) {
    uint64_t votes = 0;
    warp.for_each_lane([&](int lane) { votes |= warp.value[lane] << lane; });
    warp.for_each_lane([&](int lane) { warp.result[lane] = votes; });
  };
  return static_cast<unsigned>(warp_collective(mask, predicate, 0, name, finish, where));
}

template <class Operation, class T>
T reduce(unsigned mask, T value, const char* name, Where where) {
  const Finish finish = [](WarpExchange& warp) {
    const int first = std::countr_zero(warp.mask);
    T total = static_cast<T>(warp.value[first]);
    warp.for_each_lane([&](int lane) {
      if (lane != first) total = Operation{}(total, static_cast<T>(warp.value[lane]));
    });
    warp.for_each_lane([&](int lane) { warp.result[lane] = static_cast<uint64_t>(total); });
  };
  return static_cast<T>(warp_collective(mask, static_cast<uint64_t>(value), 0, name, finish, where));
}

struct Smaller {
  template <class T>
  T operator()(T a, T b) const {
    return a < b ? a : b;
  }
};
struct Larger {
  template <class T>
  T operator()(T a, T b) const {
    return a < b ? b : a;
  }
};

}  // namespace gpt::simt::detail::inline FOR_KERNEL_SPACE

namespace gpt::simt::cuda_names::inline FOR_KERNEL_SPACE {

// [barriers]
inline void __syncthreads(SIMT_HERE) {
  detail::barrier(true, where);
}
inline int __syncthreads_count(int p, SIMT_HERE) {
  return detail::barrier(p != 0, where);
}
inline int __syncthreads_or(int p, SIMT_HERE) {
  return detail::barrier(p != 0, where) != 0;
}
inline int __syncthreads_and(int p, SIMT_HERE) {
  return detail::barrier(p == 0, where) == 0;
}
// [/barriers]
inline void __threadfence() {
  detail::fence();
}
inline void __threadfence_block() {
  detail::fence();
}

inline void __syncwarp(unsigned mask = ~0u, SIMT_HERE) {
  detail::warp_barrier(mask, where);
}
inline unsigned __ballot_sync(unsigned mask, int p, SIMT_HERE) {
  return detail::ballot(mask, p != 0, "__ballot_sync", where);
}
inline int __any_sync(unsigned mask, int p, SIMT_HERE) {
  return detail::ballot(mask, p != 0, "__any_sync", where) != 0;
}
inline int __all_sync(unsigned mask, int p, SIMT_HERE) {
  return detail::ballot(mask, p == 0, "__all_sync", where) == 0;
}

// [shuffles]
/// `width`, a power of two, divides the warp into groups that shuffle among themselves.
template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, SIMT_HERE) {
  const int first = detail::lane() & ~(width - 1);
  return detail::shuffle(mask, value, first + (source & (width - 1)), "__shfl_sync", where);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned distance, int width = 32, SIMT_HERE) {
  const int lane = detail::lane(), source = lane - static_cast<int>(distance);
  const bool outside = source < (lane & ~(width - 1));
  return detail::shuffle(mask, value, outside ? lane : source, "__shfl_up_sync", where);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned distance, int width = 32, SIMT_HERE) {
  const int lane = detail::lane(), source = lane + static_cast<int>(distance);
  const bool outside = source > (lane | (width - 1));
  return detail::shuffle(mask, value, outside ? lane : source, "__shfl_down_sync", where);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32, SIMT_HERE) {
  const int lane = detail::lane(), source = lane ^ lanes;
  const bool outside = source > (lane | (width - 1));
  return detail::shuffle(mask, value, outside ? lane : source, "__shfl_xor_sync", where);
}
// [/shuffles]

// As in CUDA, for int and unsigned (the last three for unsigned alone); the hardware has them from sm_80 on.
template <class T>
T __reduce_add_sync(unsigned mask, T value, SIMT_HERE) {
  return detail::reduce<std::plus<T>>(mask, value, "__reduce_add_sync", where);
}
template <class T>
T __reduce_min_sync(unsigned mask, T value, SIMT_HERE) {
  return detail::reduce<detail::Smaller>(mask, value, "__reduce_min_sync", where);
}
template <class T>
T __reduce_max_sync(unsigned mask, T value, SIMT_HERE) {
  return detail::reduce<detail::Larger>(mask, value, "__reduce_max_sync", where);
}
inline unsigned __reduce_and_sync(unsigned mask, unsigned value, SIMT_HERE) {
  return detail::reduce<std::bit_and<unsigned>>(mask, value, "__reduce_and_sync", where);
}
inline unsigned __reduce_or_sync(unsigned mask, unsigned value, SIMT_HERE) {
  return detail::reduce<std::bit_or<unsigned>>(mask, value, "__reduce_or_sync", where);
}
inline unsigned __reduce_xor_sync(unsigned mask, unsigned value, SIMT_HERE) {
  return detail::reduce<std::bit_xor<unsigned>>(mask, value, "__reduce_xor_sync", where);
}

}  // namespace gpt::simt::cuda_names::inline FOR_KERNEL_SPACE
