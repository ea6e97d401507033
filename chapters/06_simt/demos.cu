#include "06_simt/demos.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr unsigned all_lanes = 0xffffffff;

// [number]
__global__ void number_threads_kernel(int n, int* out) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = 100 * blockIdx.x + threadIdx.x;
}
// [/number]

// [log]
__global__ void log_barrier_kernel(int* log, int* length) {
  log[atomicAdd(length, 1)] = threadIdx.x;
  __syncthreads();
  log[atomicAdd(length, 1)] = threadIdx.x + 100;
}
// [/log]

// [butterfly]
__global__ void butterfly_kernel(const int* x, int* out) {
  const int lane = threadIdx.x;
  int sum = x[lane];
  out[lane] = sum;
  for (int distance = 1, row = 1; distance < 32; distance *= 2, ++row) {
    sum += __shfl_xor_sync(all_lanes, sum, distance);
    out[row * 32 + lane] = sum;
  }
}
// [/butterfly]

// [branches]
template <int group>
__global__ void branches_kernel(const float* x, float* out, unsigned* masks) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  const bool first = i / group % 2 == 0;
  const unsigned mask = __ballot_sync(all_lanes, first);
  if (i % 32 == 0) masks[i / 32] = mask;
  if (first) {
    out[i] = x[i] + 1;
  } else {
    out[i] = x[i] * 2;
  }
}
// [/branches]

// [reverse]
template <bool forget>
__global__ void reverse_kernel(const int* x, int* out) {
  __shared__ int tile[64];
  const int t = threadIdx.x;
  tile[t] = x[t];
  if (!forget) __syncthreads();
  out[t] = tile[63 - t];
}
// [/reverse]

// [transpose]
template <int padding>
__global__ void transpose_kernel(const float* x, float* out) {
  __shared__ float tile[32][32 + padding];
  const int column = threadIdx.x, row = threadIdx.y;
  tile[row][column] = x[row * 32 + column];
  __syncthreads();
  out[row * 32 + column] = tile[column][row];
}
// [/transpose]

// [strided]
__global__ void strided_kernel(int offset, int stride, const float* x, float* out) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = x[offset + i * stride];
}
// [/strided]

__global__ void copy_quads_kernel(const float4* x, float4* out) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  out[i] = x[i];
}

// [blunders]
__global__ void off_by_one(int n, float* out) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i <= n) out[i] = 0;
}

__global__ void barrier_in_a_branch(float* out) {
  if (threadIdx.x < 48) __syncthreads();
  out[threadIdx.x] = 0;
}

__global__ void shuffle_after_return(int n, const float* x, float* out) {
  const int i = threadIdx.x;
  if (i >= n) return;
  out[i] = x[i] + __shfl_down_sync(all_lanes, x[i], 1);
}

__global__ void sum_of_warps(const float* x, float* out) {
  __shared__ float of_warp[32];
  float sum = x[threadIdx.x];
  for (int distance = 16; distance > 0; distance /= 2) sum += __shfl_xor_sync(all_lanes, sum, distance);
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = sum;
  __syncthreads();
  float total = 0;
  for (int warp = 0; warp < 32; ++warp) total += of_warp[warp];
  if (threadIdx.x == 0) *out = total;
}
// [/blunders]

__global__ void many_barriers_kernel(int rounds) {
  for (int i = 0; i < rounds; ++i) __syncthreads();
}

__global__ void many_shuffles_kernel(int rounds, float* out) {
  float x = threadIdx.x;
  for (int i = 0; i < rounds; ++i) x += __shfl_xor_sync(all_lanes, x, 1);
  out[blockIdx.x * blockDim.x + threadIdx.x] = x;
}

// [matmul]
__global__ void matmul_kernel(int n, const float* a, const float* b, float* c) {
  __shared__ float a_tile[32][32], b_tile[32][32];
  const int column = threadIdx.x, row = threadIdx.y;
  const int i = blockIdx.y * 32 + row, j = blockIdx.x * 32 + column;
  float sum = 0;
  for (int k = 0; k < n; k += 32) {
    a_tile[row][column] = a[i * n + k + column];
    b_tile[row][column] = b[(k + row) * n + j];
    __syncthreads();  // the tiles are full
    for (int l = 0; l < 32; ++l) sum += a_tile[row][l] * b_tile[l][column];
    __syncthreads();  // nobody needs them any more
  }
  c[i * n + j] = sum;
}
// [/matmul]

struct Sum {
  __device__ float operator()(float a, float b) const { return a + b; }
};
struct Max {
  __device__ float operator()(float a, float b) const { return fmaxf(a, b); }
};

/// Of 256 threads; all of them get the result.
template <class Operation>
__device__ float block_reduce(float x) {
  __shared__ float of_warp[8];
  for (int distance = 16; distance > 0; distance /= 2)
    x = Operation{}(x, __shfl_xor_sync(all_lanes, x, distance));
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = x;
  __syncthreads();
  x = of_warp[threadIdx.x % 8];
  for (int distance = 4; distance > 0; distance /= 2)
    x = Operation{}(x, __shfl_xor_sync(all_lanes, x, distance));
  __syncthreads();
  return x;
}

__global__ void softmax_kernel(int cols, const float* x, float* out) {
  const float* in = x + blockIdx.x * cols;
  float largest = -1e30f, total = 0;
  for (int c = threadIdx.x; c < cols; c += 256) largest = fmaxf(largest, in[c]);
  largest = block_reduce<Max>(largest);
  for (int c = threadIdx.x; c < cols; c += 256) total += __expf(in[c] - largest);
  total = block_reduce<Sum>(total);
  for (int c = threadIdx.x; c < cols; c += 256) out[blockIdx.x * cols + c] = __expf(in[c] - largest) / total;
}

}  // namespace

using simt::launch;

// [launches]
void number_threads(int blocks, int threads, int n, int* out) {
  launch<number_threads_kernel>({blocks, threads}, n, out);
}
// [/launches]
void log_barrier(int threads, int* log, int* length) {
  launch<log_barrier_kernel>({1, threads}, log, length);
}
void butterfly(const int* x, int* out) {
  launch<butterfly_kernel>({1, 32}, x, out);
}
void branches(int group, int n, const float* x, float* out, unsigned* masks) {
  if (group == 1) launch<branches_kernel<1>>({n / 64, 64}, x, out, masks);
  if (group == 32) launch<branches_kernel<32>>({n / 64, 64}, x, out, masks);
}
void reverse(bool forget, const int* x, int* out) {
  if (forget) launch<reverse_kernel<true>>({1, 64}, x, out);
  if (!forget) launch<reverse_kernel<false>>({1, 64}, x, out);
}
void transpose(int padding, const float* x, float* out) {
  if (padding == 0) launch<transpose_kernel<0>>({1, dim3(32, 32)}, x, out);
  if (padding == 1) launch<transpose_kernel<1>>({1, dim3(32, 32)}, x, out);
}
void strided(int offset, int stride, const float* x, float* out) {
  launch<strided_kernel>({1, 256}, offset, stride, x, out);
}
void copy_quads(const float* x, float* out) {
  launch<copy_quads_kernel>({1, 256}, reinterpret_cast<const float4*>(x), reinterpret_cast<float4*>(out));
}
void blunder(int which, int n, const float* x, float* out) {
  if (which == 0) launch<off_by_one>({n / 64 + 1, 64}, n, out);
  if (which == 1) launch<barrier_in_a_branch>({1, 64}, out);
  if (which == 2) launch<shuffle_after_return>({1, 32}, 20, x, out);
  if (which == 3) launch<sum_of_warps>({1, 256}, x, out);
}
void many_barriers(int blocks, int threads, int rounds) {
  launch<many_barriers_kernel>({blocks, threads}, rounds);
}
void many_shuffles(int blocks, int threads, int rounds, float* out) {
  launch<many_shuffles_kernel>({blocks, threads}, rounds, out);
}
void matmul(int n, const float* a, const float* b, float* c) {
  launch<matmul_kernel>({dim3(n / 32, n / 32), dim3(32, 32)}, n, a, b, c);
}
void softmax(int rows, int cols, const float* x, float* out) {
  launch<softmax_kernel>({rows, 256}, cols, x, out);
}

}  // namespace gpt::KERNEL_SPACE
