#include "profile_kernels.hpp"

#include "06_simt/wmma.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

template <Pattern pattern>
__global__ void load_kernel(const float* x, float* out) {
  __shared__ __align__(16) float tile[64 * 33];
  const int t = threadIdx.x, lane = t % 32;
  for (int i = t; i < 64 * 33; i += 64) tile[i] = x[i];
  __syncthreads();
  float sum = 0;
  if constexpr (pattern == Pattern::floats) sum += x[t];
  if constexpr (pattern == Pattern::later) sum += x[t + 1];
  if constexpr (pattern == Pattern::every_second) sum += x[2 * t];
  if constexpr (pattern == Pattern::every_eighth) sum += x[8 * t];
  if constexpr (pattern == Pattern::same) sum += x[0];
  if constexpr (pattern == Pattern::quads) {
    const float4 v = reinterpret_cast<const float4*>(x)[t];
    sum += v.x + v.y + v.z + v.w;
  }
  if constexpr (pattern == Pattern::bytes) sum += reinterpret_cast<const unsigned char*>(x)[t];
  if constexpr (pattern == Pattern::half_warps) {
    if (t % 2 == 0) sum += x[t];
  }
  if constexpr (pattern == Pattern::shared_rows) sum += tile[t];
  if constexpr (pattern == Pattern::shared_column) sum += tile[lane * 32];
  if constexpr (pattern == Pattern::shared_padded) sum += tile[lane * 33];
  if constexpr (pattern == Pattern::shared_pairs) sum += tile[2 * lane];
  if constexpr (pattern == Pattern::shared_same) sum += tile[0];
  if constexpr (pattern == Pattern::shared_quads) {
    const float4 v = reinterpret_cast<const float4*>(tile)[lane];
    sum += v.x + v.y + v.z + v.w;
  }
  out[t] = sum;
}

__global__ void wmma_kernel(bool by_columns, const simt::bf16* a, const simt::bf16* b, float* c) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800  // bf16 on tensor cores begins there
  namespace wmma = simt::wmma;
  wmma::fragment<wmma::matrix_a, 16, 16, 16, simt::bf16, wmma::row_major> left;
  wmma::fragment<wmma::matrix_b, 16, 16, 16, simt::bf16, wmma::row_major> right;
  wmma::fragment<wmma::matrix_b, 16, 16, 16, simt::bf16, wmma::col_major> right_by_columns;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> sum;
  wmma::fill_fragment(sum, 0.0f);
  wmma::load_matrix_sync(left, a, 16);
  if (by_columns) {
    wmma::load_matrix_sync(right_by_columns, b, 16);
    wmma::mma_sync(sum, left, right_by_columns, sum);
  } else {
    wmma::load_matrix_sync(right, b, 16);
    wmma::mma_sync(sum, left, right, sum);
  }
  for (int i = 0; i < sum.num_elements; ++i) sum.x[i] *= 2;
  wmma::store_matrix_sync(c, sum, 16, wmma::mem_row_major);
#endif
}

__global__ void round_kernel(int n, const float* x, simt::bf16* out) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = __float2bfloat16(x[i]);
}

template <Pattern pattern>
void load_if(Pattern wanted, const float* x, float* out) {
  if (pattern == wanted) simt::launch<load_kernel<pattern>>({1, 64}, x, out);
}

}  // namespace

void load(Pattern pattern, const float* x, float* out) {
  load_if<Pattern::floats>(pattern, x, out);
  load_if<Pattern::later>(pattern, x, out);
  load_if<Pattern::every_second>(pattern, x, out);
  load_if<Pattern::every_eighth>(pattern, x, out);
  load_if<Pattern::same>(pattern, x, out);
  load_if<Pattern::quads>(pattern, x, out);
  load_if<Pattern::bytes>(pattern, x, out);
  load_if<Pattern::half_warps>(pattern, x, out);
  load_if<Pattern::shared_rows>(pattern, x, out);
  load_if<Pattern::shared_column>(pattern, x, out);
  load_if<Pattern::shared_padded>(pattern, x, out);
  load_if<Pattern::shared_pairs>(pattern, x, out);
  load_if<Pattern::shared_same>(pattern, x, out);
  load_if<Pattern::shared_quads>(pattern, x, out);
}

void wmma_product(bool by_columns, const uint16_t* a, const uint16_t* b, float* c) {
  simt::launch<wmma_kernel>({1, 32}, by_columns, reinterpret_cast<const simt::bf16*>(a),
                            reinterpret_cast<const simt::bf16*>(b), c);
}

void round_to_bf16(int n, const float* x, uint16_t* out) {
  simt::launch<round_kernel>({n / 256 + 1, 256}, n, x, reinterpret_cast<simt::bf16*>(out));
}

}  // namespace gpt::KERNEL_SPACE
