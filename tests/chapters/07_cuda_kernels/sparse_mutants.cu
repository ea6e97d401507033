// A few of many, and thin matrices, with one mistake each. Marked as in mutants.cu.

#include <cstring>
#include <vector>

#include "06_simt/device_array.hpp"
#include "07_cuda_kernels/scan.hpp"
#include "mutants.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

// Prefix sums.

/// The first warp adds up the sums of warps that have not written them.
__global__ void scan_without_barrier(int* before, const int* x) {
  __shared__ int of_warp[32];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const int sum = warp_scan(x[threadIdx.x]);
  if (lane == 31) of_warp[warp] = sum;  // <- scan_without_barrier
  if (warp == 0) {
    const int mine = lane < 2 ? of_warp[lane] : 0;  // <= scan_without_barrier
    const int scanned = warp_scan(mine);
    if (lane < 2) of_warp[lane] = scanned;
  }
  __syncthreads();
  before[threadIdx.x] = warp > 0 ? of_warp[0] : 0;
}

/// The next round's sums are written while the last round's are read.
__global__ void scan_too_early_again(int* total, const int* x) {
  __shared__ int of_warp[2];
  int sum = 0;
  for (int round = 0; round < 2; ++round) {
    const int here = warp_scan(x[threadIdx.x]);
    if (threadIdx.x % 32 == 31) of_warp[threadIdx.x / 32] = here;  // <- scan_too_early_again
    __syncthreads();
    sum += of_warp[0] + of_warp[1];  // <= scan_too_early_again
  }
  total[threadIdx.x] = sum;
}

/// Only the threads of the first warp come to the barrier.
__global__ void scan_of_the_first_warp(int* before, const int* x) {
  __shared__ int sum;
  if (threadIdx.x >= 32) return;
  const int scanned = warp_scan(x[threadIdx.x]);
  if (threadIdx.x == 31) sum = scanned;
  __syncthreads();  // <- scan_of_the_first_warp
  before[threadIdx.x] = sum;
}

// The largest.

/// Two threads count the same digit.
__global__ void bins_without_atomics(int* counts, const int* digits) {
  __shared__ int bins[2];
  if (threadIdx.x < 2) bins[threadIdx.x] = 0;
  __syncthreads();
  bins[digits[threadIdx.x]] += 1;  // <- bins_without_atomics
  __syncthreads();
  if (threadIdx.x < 2) counts[threadIdx.x] = bins[threadIdx.x];
}

/// Nobody sets the bins to zero.
__global__ void bins_not_cleared(int* counts, const int* digits) {
  __shared__ int bins[4];
  if (threadIdx.x == 0) bins[digits[0]] = 1;
  __syncthreads();
  if (threadIdx.x < 4) counts[threadIdx.x] = bins[threadIdx.x];  // <- bins_not_cleared
}

/// Those that are not taken have left when the others count each other.
__global__ void places_of_the_taken(int* positions, const int* x) {
  if (x[threadIdx.x] <= 20) return;
  int place = 1;
  for (int distance = 1; distance < 32; distance *= 2) {
    const int before = __shfl_up_sync(all_lanes, place, distance);  // <- places_of_the_taken
    if (static_cast<int>(threadIdx.x) >= distance) place += before;
  }
  positions[place] = static_cast<int>(threadIdx.x);
}

/// The lists of two ranks, which may name the same place.
__global__ void two_lists_at_once(int* sums, const int* positions) {
  sums[positions[threadIdx.x] / 2] += 1;  // <- two_lists_at_once
}

// Thin matrices.

/// A thread uses the dot product before all warps have added theirs.
__global__ void dot_too_early(int* row, const int* other) {
  __shared__ int of_warp[2];
  const int sum = warp_scan(row[threadIdx.x] * other[threadIdx.x]);
  if (threadIdx.x % 32 == 31) of_warp[threadIdx.x / 32] = sum;         // <- dot_too_early
  row[threadIdx.x] -= (of_warp[0] + of_warp[1]) * other[threadIdx.x];  // <= dot_too_early
}

/// Four rows for each warp, of a matrix that has only three left.
__global__ void row_past_the_last(int* p, const int* matrix, int columns) {
  int sum = 0;
  for (int row = 0; row < 4; ++row) sum += matrix[row * columns + threadIdx.x];  // <- row_past_the_last
  p[threadIdx.x] = sum;
}

}  // namespace

void launch_sparse_mutant(const char* wanted) {
  std::vector<int> numbers(64);
  for (int i = 0; i < 64; ++i) numbers[static_cast<size_t>(i)] = i;
  std::vector<int> bits(numbers);
  for (int& bit : bits) bit %= 2;
  const simt::DeviceArray<int> x(numbers), digits(bits), out(numbers), three(std::vector<int>(3 * 32, 1));
  int* to = out.data();
  const int *in = x.data(), *ones = three.data(), *digit = digits.data();
  const auto is = [&](const char* name) { return std::strcmp(name, wanted) == 0; };
  using simt::launch;
  if (is("scan_without_barrier")) launch<scan_without_barrier>({1, 64}, to, in);
  if (is("scan_too_early_again")) launch<scan_too_early_again>({1, 64}, to, in);
  if (is("scan_of_the_first_warp")) launch<scan_of_the_first_warp>({1, 64}, to, in);
  if (is("bins_without_atomics")) launch<bins_without_atomics>({1, 64}, to, digit);
  if (is("bins_not_cleared")) launch<bins_not_cleared>({1, 64}, to, digit);
  if (is("places_of_the_taken")) launch<places_of_the_taken>({1, 32}, to, in);
  if (is("two_lists_at_once")) launch<two_lists_at_once>({1, 64}, to, in);
  if (is("dot_too_early")) launch<dot_too_early>({1, 64}, to, in);
  if (is("row_past_the_last")) launch<row_past_the_last>({1, 32}, to, ones, 32);
}

}  // namespace gpt::KERNEL_SPACE
