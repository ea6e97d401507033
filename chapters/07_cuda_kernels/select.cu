// The largest few of many numbers: first the size of the last one that is taken, then all that reach it, in
// order. Counts are whole numbers, so atomic additions give the same sums in any order.

#include <algorithm>

#include "07_cuda_kernels/compress_quads.hpp"
#include "07_cuda_kernels/scan.hpp"
#include "07_cuda_kernels/sparse.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr int threads = 256;
constexpr int64_t warp_block = 1024;  // neighbours that one warp counts and writes
constexpr int64_t most_blocks = 512;  // of a histogram: enough to fill a GPU
constexpr int most_bins = 2048, digits = 3;
using Count = unsigned long long;  // of larger ones in the upper half, of equal ones in the lower

/// What the kernels leave each other in scratch memory; behind it lie the counts of the warps.
struct Search {
  unsigned counts[digits][most_bins];
  unsigned found;   // the bits of the k-th largest size, as far as known
  unsigned wanted;  // how many are to be taken of those that begin with them
};

/// As bits, sizes are ordered as the numbers are, and a NaN is above all.
__device__ unsigned size_bits(float x) {
  return __float_as_uint(x) & 0x7fffffff;
}

// [bisect]
/// The bits found so far, those above `bit`: where enough sizes reach them. Bit b is the vote of lane b.
__device__ unsigned found_above(const unsigned* counts, int bit, unsigned k) {
  const int lane = threadIdx.x % 32;
  return __ballot_sync(all_lanes, lane > bit && lane < 31 && counts[lane] >= k);
}

/// counts[bit]: how many sizes reach the bits found so far with this one added.
__global__ void count_reaching_kernel(unsigned* counts, int bit, const float* x, int64_t n, unsigned k) {
  const unsigned least = found_above(counts, bit, k) | 1u << bit;
  const int64_t first = thread_index() / 32 * warp_block + threadIdx.x % 32;
  unsigned count = 0;
  for (int64_t i = first; i < first + warp_block; i += 32)
    count += static_cast<unsigned>(__popc(__ballot_sync(all_lanes, i < n && size_bits(x[i]) >= least)));
  if (threadIdx.x % 32 == 0 && count > 0) atomicAdd(&counts[bit], count);
}

__global__ void finish_bisection_kernel(Search* search, unsigned k) {
  const unsigned found = found_above(search->counts[0], -1, k);
  if (threadIdx.x == 0) search->found = found;
}
// [/bisect]

// [histogram]
/// How often each digit comes, of the sizes whose digits above it are those found.
__global__ void __launch_bounds__(threads)
    histogram_kernel(Search* search, int digit, int shift, int bits, const float* x, int64_t n, bool packs) {
  __shared__ unsigned bins[most_bins];
  for (int b = threadIdx.x; b < 1 << bits; b += threads) bins[b] = 0;
  __syncthreads();
  const unsigned found = digit > 0 ? search->found : 0;
  for (int64_t i = 4 * thread_index(); i < n; i += 4 * static_cast<int64_t>(gridDim.x) * threads) {
    float v[4];
    load_quad(x, i, n, packs, v);
    for (int j = 0; j < 4; ++j) {
      const unsigned size = size_bits(v[j]);
      if (i + j < n && size >> shift >> bits == found)
        atomicAdd(&bins[size >> shift & ((1 << bits) - 1)], 1u);
    }
  }
  __syncthreads();
  for (int b = threadIdx.x; b < 1 << bits; b += threads)
    if (bins[b] > 0) atomicAdd(&search->counts[digit][b], bins[b]);
}
// [/histogram]

// [choose]
/// The digit of the k-th largest: from above, the first one with which there are enough. Two bins a thread.
__global__ void __launch_bounds__(1024) choose_digit_kernel(Search* search, int digit, int bits, unsigned k) {
  const unsigned found = digit > 0 ? search->found : 0, wanted = digit > 0 ? search->wanted : k;
  const int bin = (1 << bits) - 1 - 2 * static_cast<int>(threadIdx.x);
  const bool mine = bin > 0;
  const unsigned upper = mine ? search->counts[digit][bin] : 0,
                 lower = mine ? search->counts[digit][bin - 1] : 0;
  unsigned total;
  const unsigned above = block_scan(upper + lower, total);
  if (above >= wanted || above + upper + lower < wanted) return;
  const bool first = above + upper >= wanted;
  search->found = found << bits | static_cast<unsigned>(first ? bin : bin - 1);
  search->wanted = wanted - above - (first ? 0 : upper);
}
// [/choose]

// [count]
/// of_warp[w]: how many of the 1024 neighbours of warp w are larger than what was found, and how many equal.
__global__ void count_kernel(Count* of_warp, const Search* search, const float* x, int64_t n, bool packs) {
  const int64_t warp = thread_index() / 32, first = warp * warp_block + 4 * (threadIdx.x % 32);
  const unsigned found = search->found;
  Count count = 0;
  for (int64_t i = first; i < first + warp_block; i += 4 * 32) {
    float v[4];
    load_quad(x, i, n, packs, v);
    for (int j = 0; j < 4; ++j) {
      const unsigned size = size_bits(v[j]);
      if (i + j < n) count += (size > found ? Count{1} << 32 : 0) + (size == found ? 1 : 0);
    }
  }
  for (int distance = 16; distance > 0; distance /= 2) count += __shfl_xor_sync(all_lanes, count, distance);
  if (threadIdx.x % 32 == 0 && warp * warp_block < n) of_warp[warp] = count;
}

/// of_warp[w] becomes the counts of all warps before w; behind the last stand those of all.
__global__ void __launch_bounds__(1024) scan_kernel(Count* of_warp, int64_t warps) {
  Count sum = 0;
  for (int64_t first = 0; first < warps; first += 1024) {
    const int64_t warp = first + threadIdx.x;
    Count total;
    const Count before = block_scan(warp < warps ? of_warp[warp] : 0, total);
    if (warp < warps) of_warp[warp] = sum + before;
    sum += total;
  }
  if (threadIdx.x == 0) of_warp[warps] = sum;
}
// [/count]

// [write]
/// Each warp writes those of its neighbours that are taken, behind those of the warps before it.
__global__ void write_kernel(int32_t* positions, const Count* of_warp, const Search* search, const float* x,
                             int64_t n, int64_t warps, unsigned k, int32_t first) {
  const int64_t warp = thread_index() / 32;
  if (warp >= warps) return;
  const unsigned lane = threadIdx.x % 32, below = (1u << lane) - 1, found = search->found;
  const unsigned quota = k - static_cast<unsigned>(of_warp[warps] >> 32);  // of equal ones
  unsigned larger = static_cast<unsigned>(of_warp[warp] >> 32), equal = static_cast<unsigned>(of_warp[warp]);
  for (int64_t i = warp * warp_block + lane; i < (warp + 1) * warp_block; i += 32) {
    const unsigned size = i < n ? size_bits(x[i]) : 0;
    const unsigned larger_here = __ballot_sync(all_lanes, i < n && size > found);
    const unsigned equal_here = __ballot_sync(all_lanes, i < n && size == found);
    const unsigned equal_before = equal + static_cast<unsigned>(__popc(equal_here & below));
    const unsigned place = larger + static_cast<unsigned>(__popc(larger_here & below)) +
                           (equal_before < quota ? equal_before : quota);
    if (i < n && (size > found || (size == found && equal_before < quota)))
      positions[place] = first + static_cast<int32_t>(i);
    larger += static_cast<unsigned>(__popc(larger_here)), equal += static_cast<unsigned>(__popc(equal_here));
  }
}
// [/write]

int64_t warps_of(int64_t n) {
  return (n + warp_block - 1) / warp_block;
}

void find_by_bits(Search* search, const float* x, int64_t n, unsigned k, cudaStream_t on) {
  const unsigned blocks = blocks_for(32 * warps_of(n), threads);
  for (int bit = 30; bit >= 0; --bit)
    simt::launch<count_reaching_kernel>({blocks, threads, 0, on}, search->counts[0], bit, x, n, k);
  simt::launch<finish_bisection_kernel>({1, 32, 0, on}, search, k);
}

void find_by_digits(Search* search, const float* x, int64_t n, unsigned k, cudaStream_t on) {
  const auto blocks = static_cast<unsigned>(std::min<int64_t>(most_blocks, blocks_for(n, 8 * threads)));
  int shift = 31;
  for (int digit = 0; digit < digits; ++digit) {
    const int bits = digit == 0 ? 11 : 10;
    shift -= bits;
    simt::launch<histogram_kernel>({blocks, threads, 0, on}, search, digit, shift, bits, x, n, aligned(x));
    simt::launch<choose_digit_kernel>({1, 1024, 0, on}, search, digit, bits, k);
  }
}

}  // namespace

size_t select_scratch_bytes(int64_t n) {
  return sizeof(Search) + sizeof(Count) * static_cast<size_t>(warps_of(n) + 1);
}

void select_largest(int32_t* positions, const float* x, int64_t n, int64_t k, int32_t first, void* scratch,
                    int rung, Stream stream) {
  require(1 <= k && k <= n && n < int64_t{1} << 31, "select_largest takes 1 to n of n < 2^31 numbers");
  static_assert(sizeof(Search) % sizeof(Count) == 0);
  auto* search = static_cast<Search*>(scratch);
  auto* of_warp = reinterpret_cast<Count*>(search + 1);
  const cudaStream_t on = native(stream);
  const int64_t warps = warps_of(n);
  const unsigned wanted = static_cast<unsigned>(k), blocks = blocks_for(32 * warps, threads);
  simt::check(cudaMemsetAsync(search, 0, sizeof *search, on), "cudaMemsetAsync");
  if (rung == 0)
    find_by_bits(search, x, n, wanted, on);
  else
    find_by_digits(search, x, n, wanted, on);
  simt::launch<count_kernel>({blocks, threads, 0, on}, of_warp, static_cast<const Search*>(search), x, n,
                             aligned(x));
  simt::launch<scan_kernel>({1, 1024, 0, on}, of_warp, warps);
  simt::launch<write_kernel>({blocks, threads, 0, on}, positions, static_cast<const Count*>(of_warp),
                             static_cast<const Search*>(search), x, n, warps, wanted, first);
}

}  // namespace gpt::KERNEL_SPACE
