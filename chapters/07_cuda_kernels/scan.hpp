#pragma once
// Sums over all threads before this one ("prefix sums"). Only .cu files include it.

#include "07_cuda_kernels/device.hpp"

namespace gpt::KERNEL_SPACE {

// [warp_scan]
/// The sum over this lane and those before it: after the step of distance d each lane has the sum of the last
/// 2d lanes up to it (Hillis and Steele, 1986).
template <class T>
__device__ T warp_scan(T x) {
  for (int distance = 1; distance < 32; distance *= 2) {
    const T before = __shfl_up_sync(all_lanes, x, distance);
    if (static_cast<int>(threadIdx.x % 32) >= distance) x += before;
  }
  return x;
}
// [/warp_scan]

// [block_scan]
/// The sum over the threads before this one, for a block of 1024; `total` becomes that over all.
template <class T>
__device__ T block_scan(T x, T& total) {
  __shared__ T of_warp[32];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const T sum = warp_scan(x);
  if (lane == 31) of_warp[warp] = sum;
  __syncthreads();
  if (warp == 0) of_warp[lane] = warp_scan(of_warp[lane]);
  __syncthreads();
  total = of_warp[31];
  const T before = warp > 0 ? of_warp[warp - 1] : 0;
  __syncthreads();  // the next call writes of_warp again
  return before + sum - x;
}
// [/block_scan]

}  // namespace gpt::KERNEL_SPACE
