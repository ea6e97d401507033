#include "13_compression/blend.hpp"

#include "07_cuda_kernels/compress_quads.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

__global__ void blend_kernel(float* mean, const float* x, float beta, int64_t n, bool packs) {
  const int64_t i = 4 * thread_index();
  if (i >= n) return;
  float u[4], g[4];
  load_quad(mean, i, n, packs, u);
  load_quad(x, i, n, packs, g);
  for (int j = 0; j < 4; ++j) u[j] = __fmaf_rn(1.0f - beta, g[j], beta * u[j]);
  store_quad(mean, false, i, n, packs, u);
}

__global__ void subtract_kernel(float* sum, const float* x, int64_t n, bool packs) {
  const int64_t i = 4 * thread_index();
  if (i >= n) return;
  float u[4], v[4];
  load_quad(sum, i, n, packs, u);
  load_quad(x, i, n, packs, v);
  for (int j = 0; j < 4; ++j) u[j] -= v[j];
  store_quad(sum, false, i, n, packs, u);
}

}  // namespace

void blend(float* mean, const float* x, float beta, int64_t n, Stream stream) {
  if (n > 0)
    simt::launch<blend_kernel>({blocks_for(n, 4 * 256), 256, 0, native(stream)}, mean, x, beta, n,
                               aligned(mean, x));
}

void subtract(float* sum, const float* x, int64_t n, Stream stream) {
  if (n > 0)
    simt::launch<subtract_kernel>({blocks_for(n, 4 * 256), 256, 0, native(stream)}, sum, x, n,
                                  aligned(sum, x));
}

}  // namespace gpt::KERNEL_SPACE
