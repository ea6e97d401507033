// bf16 and fp16: half the bytes, each number by itself.

#include "07_cuda_kernels/compress_quads.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

struct Bf16 {
  __device__ static unsigned pack(float x) { return bf16_bits(x); }
  __device__ static float unpack(unsigned bits) { return __uint_as_float(bits << 16); }
};

// [fp16]
/// IEEE's half: 5 bits of exponent and 10 of fraction. 65504 is the largest, 2⁻²⁴ the smallest. A GPU has an
/// instruction for each direction; this is what they do.
struct Fp16 {
  __device__ static unsigned pack(float x) {
#ifdef __CUDA_ARCH__
    unsigned short bits;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x));
    return bits;
#else
    const unsigned word = __float_as_uint(x), sign = word >> 16 & 0x8000, size = word & 0x7fffffff;
    if (size > 0x7f800000) return 0x7fff;          // NaN
    if (size >= 0x477ff000) return sign | 0x7c00;  // 65520 and more: infinity
    if (size < 0x38800000)  // below 2⁻¹⁴: multiples of 2⁻²⁴, the distance of floats at 0.5
      return sign | (__float_as_uint(__uint_as_float(size) + 0.5f) - 0x3f000000);
    return sign | (size + 0xfff + (size >> 13 & 1) - 0x38000000) >> 13;  // to nearest, ties to even
#endif
  }
  __device__ static float unpack(unsigned bits) {
#ifdef __CUDA_ARCH__
    float x;
    asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(static_cast<unsigned short>(bits)));
    return x;
#else
    const unsigned sign = (bits & 0x8000) << 16, size = (bits & 0x7fff) << 13;
    if (size >= 0x7c00 << 13) return __uint_as_float(sign | 0x70000000 | size);  // infinity and NaN
    return __uint_as_float(sign |
                           __float_as_uint(__uint_as_float(size) * 0x1p112f));  // the exponents' difference
#endif
  }
};
// [/fp16]

// [halves]
template <class Format>
__global__ void pack_kernel(uint16_t* packed, const float* x, int64_t n, bool packs) {
  const int64_t i = 4 * thread_index();
  float v[4];
  load_quad(x, i, n, packs, v);
  if (packs && i + 4 <= n) {
    *reinterpret_cast<uint2*>(packed + i) = make_uint2(Format::pack(v[0]) | Format::pack(v[1]) << 16,
                                                       Format::pack(v[2]) | Format::pack(v[3]) << 16);
    return;
  }
  for (int j = 0; j < 4; ++j)
    if (i + j < n) packed[i + j] = static_cast<uint16_t>(Format::pack(v[j]));
}

template <class Format>
__global__ void unpack_kernel(float* x, bool add, const uint16_t* packed, int64_t n, bool packs) {
  const int64_t i = 4 * thread_index();
  float v[4] = {};
  if (packs && i + 4 <= n) {
    const uint2 words = *reinterpret_cast<const uint2*>(packed + i);
    v[0] = Format::unpack(words.x & 0xffff), v[1] = Format::unpack(words.x >> 16);
    v[2] = Format::unpack(words.y & 0xffff), v[3] = Format::unpack(words.y >> 16);
  } else {
    for (int j = 0; j < 4; ++j)
      if (i + j < n) v[j] = Format::unpack(packed[i + j]);
  }
  store_quad(x, add, i, n, packs, v);
}
// [/halves]

template <class Format>
void pack_as(uint16_t* packed, const float* x, int64_t n, Stream stream) {
  if (n > 0)
    simt::launch<pack_kernel<Format>>({blocks_for(n, 4 * 256), 256, 0, native(stream)}, packed, x, n,
                                      aligned(x) && aligned_quads(packed, 8));
}
template <class Format>
void unpack_as(float* x, bool add, const uint16_t* packed, int64_t n, Stream stream) {
  if (n > 0)
    simt::launch<unpack_kernel<Format>>({blocks_for(n, 4 * 256), 256, 0, native(stream)}, x, add, packed, n,
                                        aligned(x) && aligned_quads(packed, 8));
}

}  // namespace

void pack_bf16(uint16_t* packed, const float* x, int64_t n, Stream stream) {
  pack_as<Bf16>(packed, x, n, stream);
}
void unpack_bf16(float* x, bool add, const uint16_t* packed, int64_t n, Stream stream) {
  unpack_as<Bf16>(x, add, packed, n, stream);
}
void pack_fp16(uint16_t* packed, const float* x, int64_t n, Stream stream) {
  pack_as<Fp16>(packed, x, n, stream);
}
void unpack_fp16(float* x, bool add, const uint16_t* packed, int64_t n, Stream stream) {
  unpack_as<Fp16>(x, add, packed, n, stream);
}

}  // namespace gpt::KERNEL_SPACE
