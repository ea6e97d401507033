// Eight bits an element, with a scale for every block and random rounding.

#include "01_tensors/philox.hpp"
#include "07_cuda_kernels/compress_quads.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr int warps = 8;  // a block of threads; each warp has one block of elements
static_assert(int8_block == 2 * 4 * 32);

/// The largest of all lanes' numbers.
__device__ unsigned warp_max(unsigned x) {
  for (int distance = 16; distance > 0; distance /= 2) {
    const unsigned other = __shfl_xor_sync(all_lanes, x, distance);
    x = other > x ? other : x;
  }
  return x;
}

// [round]
/// ⌊v + u⌋ with a uniform u from these bits: v on average, for 2.3 becomes 3 in three cases of ten, else 2.
__device__ int round_at_random(float v, float inverse, unsigned random) {
  const float u = static_cast<float>(random >> 8) * 0x1p-24f;
  const float rounded = floorf(__fmaf_rn(v, inverse, u));
  return static_cast<int>(fminf(fmaxf(rounded, -127.0f), 127.0f));
}
// [/round]

// [pack_int8]
__global__ void pack_int8_kernel(int8_t* packed, float* scales, const float* x, float* error, int64_t n,
                                 RoundingKey key, bool packs) {
  const int lane = threadIdx.x % 32;
  const int64_t block = thread_index() / 32, first = block * int8_block + 4 * lane;
  float v[2][4];
  unsigned largest = 0;  // of the sizes as bits: they are ordered as the numbers are, and a NaN is above all
  for (int half = 0; half < 2; ++half) {
    load_quad(x, first + 128 * half, n, packs, v[half]);
    if (error) {
      float lost[4];
      load_quad(error, first + 128 * half, n, packs, lost);
      for (int j = 0; j < 4; ++j) v[half][j] += lost[j];
    }
    for (int j = 0; j < 4; ++j) {
      const unsigned size = __float_as_uint(v[half][j]) & 0x7fffffff;
      largest = size > largest ? size : largest;
    }
  }
  largest = warp_max(largest);
  const bool finite = largest < 0x7f800000, tiny = largest < 0x03000000;  // 127 / 2⁻¹²¹ would be infinite
  const float scale = tiny ? 0.0f : __uint_as_float(largest) / 127.0f;
  const float inverse = tiny || !finite ? 0.0f : 127.0f / __uint_as_float(largest);
  if (lane == 0 && block * int8_block < n) scales[block] = scale;
  for (int half = 0; half < 2; ++half) {
    const int64_t i = first + 128 * half;
    if (i >= n) continue;
    const auto random = philox(key.key, key.high, static_cast<uint64_t>(i) / 4);
    unsigned word = 0;
    for (int j = 0; j < 4; ++j) {
      const int q = finite ? round_at_random(v[half][j], inverse, random[j]) : 0;
      word |= (static_cast<unsigned>(q) & 0xff) << 8 * j;
      v[half][j] = __fmaf_rn(-scale, static_cast<float>(q), v[half][j]);
    }
    if (error) store_quad(error, false, i, n, packs, v[half]);
    if (packs && i + 4 <= n) {
      *reinterpret_cast<unsigned*>(packed + i) = word;
    } else {
      for (int j = 0; j < 4; ++j)
        if (i + j < n) packed[i + j] = static_cast<int8_t>(word >> 8 * j & 0xff);
    }
  }
}
// [/pack_int8]

__global__ void unpack_int8_kernel(float* x, bool add, const int8_t* packed, const float* scales, int64_t n,
                                   bool packs) {
  const int64_t i = 4 * thread_index();
  if (i >= n) return;
  const float scale = scales[i / int8_block];
  unsigned word = 0;
  if (packs && i + 4 <= n) {
    word = *reinterpret_cast<const unsigned*>(packed + i);
  } else {
    for (int j = 0; j < 4; ++j)
      if (i + j < n) word |= (static_cast<unsigned>(packed[i + j]) & 0xff) << 8 * j;
  }
  // Rounded once, on every machine, whatever its compiler makes of a product and a sum.
  float v[4] = {};
  if (add) load_quad(x, i, n, packs, v);
  for (int j = 0; j < 4; ++j)
    v[j] = __fmaf_rn(scale, static_cast<float>(static_cast<int8_t>(word >> 8 * j & 0xff)), v[j]);
  store_quad(x, false, i, n, packs, v);
}

}  // namespace

void pack_int8(int8_t* packed, float* scales, const float* x, float* error, int64_t n, const RoundingKey& key,
               Stream stream) {
  if (n > 0)
    simt::launch<pack_int8_kernel>({blocks_for(n, int8_block * warps), 32 * warps, 0, native(stream)}, packed,
                                   scales, x, error, n, key, aligned(x, error) && aligned_quads(packed, 4));
}
void unpack_int8(float* x, bool add, const int8_t* packed, const float* scales, int64_t n, Stream stream) {
  if (n > 0)
    simt::launch<unpack_int8_kernel>({blocks_for(n, 4 * 256), 256, 0, native(stream)}, x, add, packed, scales,
                                     n, aligned(x) && aligned_quads(packed, 4));
}

}  // namespace gpt::KERNEL_SPACE
