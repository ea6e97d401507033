// One bit an element: its sign, and the mean size of a block.

#include "07_cuda_kernels/compress_quads.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr int warps = 8;  // a block of threads; each warp has one block of elements
static_assert(sign_block == 32 * 32);

// [pack_signs]
/// A warp reads 32 neighbours at a time, and a vote of its lanes is their word of signs. Lane r keeps word r.
__global__ void __launch_bounds__(32 * warps)
    pack_signs_kernel(uint32_t* words, float* scales, const float* x, float* error, int64_t n) {
  const int lane = threadIdx.x % 32;
  const int64_t block = thread_index() / 32, first = block * sign_block;
  float v[32], sum = 0;
  unsigned mine = 0;
  // [vote]
#pragma unroll
  for (int r = 0; r < 32; ++r) {
    const int64_t i = first + 32 * r + lane;
    v[r] = i < n ? x[i] : 0.0f;
    if (error && i < n) v[r] += error[i];
    sum += fabsf(v[r]);
    const unsigned word = __ballot_sync(all_lanes, v[r] < 0);
    if (lane == r) mine = word;
  }
  // [/vote]
  for (int distance = 16; distance > 0; distance /= 2) sum += __shfl_xor_sync(all_lanes, sum, distance);
  if (first >= n) return;  // the whole warp
  const float scale = sum / static_cast<float>(n - first < sign_block ? n - first : sign_block);
  if (lane == 0) scales[block] = scale;
  if (first + 32 * lane < n) words[first / 32 + lane] = mine;
  if (!error) return;
#pragma unroll
  for (int r = 0; r < 32; ++r) {
    const int64_t i = first + 32 * r + lane;
    if (i < n) error[i] = v[r] < 0 ? v[r] + scale : v[r] - scale;
  }
}
// [/pack_signs]

__global__ void unpack_signs_kernel(float* x, bool add, const uint32_t* words, const float* scales, int64_t n,
                                    bool packs) {
  const int64_t i = 4 * thread_index();
  if (i >= n) return;
  const float scale = scales[i / sign_block];
  const unsigned signs = words[i / 32] >> i % 32;
  float v[4];
  for (int j = 0; j < 4; ++j) v[j] = signs >> j & 1 ? -scale : scale;
  store_quad(x, add, i, n, packs, v);
}

}  // namespace

void pack_signs(uint32_t* words, float* scales, const float* x, float* error, int64_t n, Stream stream) {
  if (n > 0)
    simt::launch<pack_signs_kernel>({blocks_for(n, sign_block * warps), 32 * warps, 0, native(stream)}, words,
                                    scales, x, error, n);
}
void unpack_signs(float* x, bool add, const uint32_t* words, const float* scales, int64_t n, Stream stream) {
  if (n > 0)
    simt::launch<unpack_signs_kernel>({blocks_for(n, 4 * 256), 256, 0, native(stream)}, x, add, words, scales,
                                      n, aligned(x));
}

}  // namespace gpt::KERNEL_SPACE
