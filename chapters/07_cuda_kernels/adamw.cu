#include "07_cuda_kernels/adamw.hpp"

#include "07_cuda_kernels/device.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr int threads = 256;

// [update]
__device__ inline void update(float& value, float gradient, float& m, float& v, const AdamWFactors& f) {
  const float g = f.scale * gradient;
  m = f.beta1 * m + (1.0f - f.beta1) * g;
  v = f.beta2 * v + (1.0f - f.beta2) * g * g;
  value = f.keep * value - f.rate * m / (sqrtf(v) * f.root + f.epsilon);
}
// [/update]

__device__ inline void adamw_one(float* value, const float* gradient, float* m, float* v, simt::bf16* copy,
                                 int64_t i, const AdamWFactors& factors) {
  float x = value[i], first = m[i], second = v[i];
  update(x, gradient[i], first, second, factors);
  value[i] = x, m[i] = first, v[i] = second;
  if (copy) copy[i] = __float2bfloat16(x);
}

__global__ void adamw_kernel(float* value, const float* gradient, float* m, float* v, simt::bf16* copy,
                             int64_t n, AdamWFactors factors) {
  const int64_t i = thread_index();
  if (i < n) adamw_one(value, gradient, m, v, copy, i, factors);
}

__global__ void adamw_packs_kernel(float* value, const float* gradient, float* m, float* v, simt::bf16* copy,
                                   int64_t n, AdamWFactors factors) {
  const int64_t first = 4 * thread_index();
  if (first + 4 <= n) {
    float x[4], g[4], m4[4], v4[4];
    load_pack(value + first, x);
    load_pack(gradient + first, g);
    load_pack(m + first, m4);
    load_pack(v + first, v4);
    for (int i = 0; i < 4; ++i) update(x[i], g[i], m4[i], v4[i], factors);
    store_pack(value + first, x);
    store_pack(m + first, m4);
    store_pack(v + first, v4);
    if (copy) store_pack(copy + first, x);
  } else {
    for (int64_t i = first; i < n; ++i) adamw_one(value, gradient, m, v, copy, i, factors);
  }
}

}  // namespace

void adamw(float* value, const float* gradient, float* m, float* v, void* compute_copy, int64_t n,
           const AdamWStep& step, int rung, Stream stream) {
  if (n == 0) return;
  const AdamWFactors factors = adamw_factors(step);
  simt::bf16* copy = static_cast<simt::bf16*>(compute_copy);
  if (rung >= 1 && aligned(value, gradient, m, v, compute_copy)) {
    simt::launch<adamw_packs_kernel>({blocks_for(n, threads * 4), threads, 0, native(stream)}, value,
                                     gradient, m, v, copy, n, factors);
  } else {
    simt::launch<adamw_kernel>({blocks_for(n, threads), threads, 0, native(stream)}, value, gradient, m, v,
                               copy, n, factors);
  }
}

}  // namespace gpt::KERNEL_SPACE
