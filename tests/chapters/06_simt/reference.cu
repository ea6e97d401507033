#include "reference.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

constexpr unsigned all_lanes = 0xffffffff;

constexpr int divide_up(int a, int b) {
  return (a + b - 1) / b;
}

struct Sum {
  __device__ float operator()(float a, float b) const { return a + b; }
  static constexpr float identity = 0.0f;
};
struct Max {
  __device__ float operator()(float a, float b) const { return fmaxf(a, b); }
  static constexpr float identity = -1e30f;
};

template <class Operation>
__device__ float warp_reduce(float x) {
  for (int distance = 16; distance > 0; distance /= 2)
    x = Operation{}(x, __shfl_xor_sync(all_lanes, x, distance));
  return x;
}

// Every thread gets the result. The block is a multiple of 32 threads.
template <class Operation>
__device__ float block_reduce(float x) {
  __shared__ float partial[32];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
  x = warp_reduce<Operation>(x);
  if (lane == 0) partial[warp] = x;
  __syncthreads();
  x = warp_reduce<Operation>(lane < warps ? partial[lane] : Operation::identity);
  __syncthreads();  // partial may be written again
  return x;
}

__global__ void add_kernel(int n, const float* x, const float* y, float* out) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = x[i] + y[i];
}

__global__ void scale_kernel(int n, float factor, float term, float* x) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] = factor * x[i] + term;
}

__global__ void sum_kernel(int n, const float* x, float* out) {
  float total = 0;
  const float4* quads = reinterpret_cast<const float4*>(x);
  for (int i = threadIdx.x; i < n / 4; i += blockDim.x) {
    const float4 v = __ldg(&quads[i]);
    total += v.x + v.y + v.z + v.w;
  }
  if (static_cast<int>(threadIdx.x) < n % 4) total += x[n / 4 * 4 + threadIdx.x];
  total = block_reduce<Sum>(total);
  if (threadIdx.x == 0) *out = total;
}

__global__ void softmax_kernel(int cols, const float* x, float* out) {
  const float* row = x + static_cast<size_t>(blockIdx.x) * cols;
  float* out_row = out + static_cast<size_t>(blockIdx.x) * cols;
  float largest = Max::identity;
  for (int c = threadIdx.x; c < cols; c += blockDim.x) largest = fmaxf(largest, row[c]);
  largest = block_reduce<Max>(largest);
  float total = 0;
  for (int c = threadIdx.x; c < cols; c += blockDim.x) total += __expf(row[c] - largest);
  total = block_reduce<Sum>(total);
  for (int c = threadIdx.x; c < cols; c += blockDim.x) out_row[c] = __expf(row[c] - largest) / total;
}

constexpr int tile = 32;

__global__ void matmul_kernel(int m, int n, int k, const float* a, const float* b, float* c) {
  __shared__ float a_tile[tile][tile], b_tile[tile][tile];
  const int x = threadIdx.x, y = threadIdx.y, row = blockIdx.y * tile + y, col = blockIdx.x * tile + x;
  float total = 0;
  for (int k0 = 0; k0 < k; k0 += tile) {
    a_tile[y][x] = row < m && k0 + x < k ? a[row * k + k0 + x] : 0.0f;
    b_tile[y][x] = k0 + y < k && col < n ? b[(k0 + y) * n + col] : 0.0f;
    __syncthreads();
#pragma unroll
    for (int i = 0; i < tile; ++i) total += a_tile[y][i] * b_tile[i][x];
    __syncthreads();
  }
  if (row < m && col < n) c[row * n + col] = total;
}

__global__ void __launch_bounds__(256)
    matmul_blocked_kernel(int n, int k, const float* a, const float* b, float* c) {
  constexpr int size = 64, depth = 16;
  __shared__ float a_tile[depth][size + 4];  // transposed
  __shared__ __align__(16) float b_tile[depth][size];
  const int t = threadIdx.x, row0 = blockIdx.y * size, col0 = blockIdx.x * size;
  const int r = t / 16 * 4, s = t % 16 * 4;
  float total[4][4] = {};
  for (int k0 = 0; k0 < k; k0 += depth) {
    const float4 v = *reinterpret_cast<const float4*>(&a[(row0 + t / 4) * k + k0 + t % 4 * 4]);
    a_tile[t % 4 * 4 + 0][t / 4] = v.x;
    a_tile[t % 4 * 4 + 1][t / 4] = v.y;
    a_tile[t % 4 * 4 + 2][t / 4] = v.z;
    a_tile[t % 4 * 4 + 3][t / 4] = v.w;
    *reinterpret_cast<float4*>(&b_tile[t / 16][t % 16 * 4]) =
        *reinterpret_cast<const float4*>(&b[(k0 + t / 16) * n + col0 + t % 16 * 4]);
    __syncthreads();
#pragma unroll
    for (int i = 0; i < depth; ++i)
      for (int y = 0; y < 4; ++y)
        for (int x = 0; x < 4; ++x) total[y][x] += a_tile[i][r + y] * b_tile[i][s + x];
    __syncthreads();
  }
  for (int y = 0; y < 4; ++y)
    *reinterpret_cast<float4*>(&c[(row0 + r + y) * n + col0 + s]) =
        make_float4(total[y][0], total[y][1], total[y][2], total[y][3]);
}

// A block takes 32 queries of one head, four threads each with 16 of the 64 channels, and walks over tiles of
// 32 keys.
constexpr int head = 64, queries = 32, keys = 32, per_thread = 16, threads_per_query = head / per_thread;

__global__ void attention_kernel(int length, const float* q, const float* k, const float* v, float* out,
                                 bool causal) {
  SIMT_DYNAMIC_SHARED(float, shared);
  float(*k_tile)[head] = reinterpret_cast<float(*)[head]>(shared);
  float(*v_tile)[head] = k_tile + keys;
  const size_t base = static_cast<size_t>(blockIdx.y) * length * head;
  const int part = threadIdx.x, query = blockIdx.x * queries + threadIdx.y;
  const int t = threadIdx.y * blockDim.x + threadIdx.x;
  const bool alive = query < length;
  float q_part[per_thread] = {}, o_part[per_thread] = {};
  if (alive)
    for (int c = 0; c < per_thread; ++c) q_part[c] = q[base + query * head + part * per_thread + c];
  float largest = -1e30f, total = 0;
  const int last_key = causal ? min(length, static_cast<int>(blockIdx.x + 1) * queries) : length;
  for (int key0 = 0; key0 < last_key; key0 += keys) {
    for (int i = t; i < keys * head; i += queries * threads_per_query) {
      const bool inside = key0 + i / head < length;
      k_tile[i / head][i % head] = inside ? k[base + key0 * head + i] : 0.0f;
      v_tile[i / head][i % head] = inside ? v[base + key0 * head + i] : 0.0f;
    }
    __syncthreads();
    for (int j = 0; j < keys; ++j) {
      float score = 0;
      for (int c = 0; c < per_thread; ++c) score += q_part[c] * k_tile[j][part * per_thread + c];
      score += __shfl_xor_sync(all_lanes, score, 1);
      score += __shfl_xor_sync(all_lanes, score, 2);
      score *= rsqrtf(static_cast<float>(head));
      const bool seen = key0 + j < length && !(causal && key0 + j > query);
      const float larger = seen ? fmaxf(largest, score) : largest;
      const float shrink = __expf(largest - larger), weight = seen ? __expf(score - larger) : 0.0f;
      total = total * shrink + weight;
      for (int c = 0; c < per_thread; ++c)
        o_part[c] = o_part[c] * shrink + weight * v_tile[j][part * per_thread + c];
      largest = larger;
    }
    __syncthreads();
  }
  if (alive)
    for (int c = 0; c < per_thread; ++c) out[base + query * head + part * per_thread + c] = o_part[c] / total;
}

__global__ void histogram_kernel(int n, const int* x, int bins, int* counts) {
  SIMT_DYNAMIC_SHARED(int, local);
  for (int b = threadIdx.x; b < bins; b += blockDim.x) local[b] = 0;
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    atomicAdd(&local[x[i]], 1);
  __syncthreads();
  for (int b = threadIdx.x; b < bins; b += blockDim.x)
    if (local[b]) atomicAdd(&counts[b], local[b]);
}

__global__ void scan_kernel(int n, const int* x, int* out) {
  __shared__ int values[128];
  __shared__ int of_warp[4];
  const int t = threadIdx.x, lane = t % 32, i = blockIdx.x * 128 + t;
  values[t] = i < n ? x[i] : 0;
  __syncwarp();
  for (int distance = 1; distance < 32; distance *= 2) {
    const int before = lane >= distance ? values[t - distance] : 0;
    __syncwarp();
    values[t] += before;
    __syncwarp();
  }
  if (lane == 31) of_warp[t / 32] = values[t];
  __syncthreads();
  int total = values[t];
  for (int warp = 0; warp < t / 32; ++warp) total += of_warp[warp];
  if (i < n) out[i] = total;
}

__global__ void half_warp_sums_kernel(int n, const int* x, int* out) {
  __shared__ int values[32];
  const int lane = threadIdx.x, i = blockIdx.x * 32 + lane;
  values[lane] = i < n ? x[i] : 0;
  const unsigned half = lane < 16 ? 0x0000ffff : 0xffff0000;
  __syncwarp(half);
  const int neighbour = values[lane ^ 1];
  int total = 0;
  if (lane < 16) {
    total = __shfl_xor_sync(half, neighbour, 1);
    for (int distance = 1; distance < 16; distance *= 2) total += __shfl_xor_sync(half, total, distance);
  } else {
    total = neighbour;
    for (int distance = 8; distance > 0; distance /= 2) total += __shfl_down_sync(half, total, distance, 16);
  }
  if (lane % 16 == 0) out[i / 16] = total;
}

__global__ void transpose_kernel(int n, const float* x, float* out) {
  __shared__ float square[tile][tile + 1];
  const int left = blockIdx.x * tile, top = blockIdx.y * tile;
  square[threadIdx.y][threadIdx.x] = x[(top + threadIdx.y) * n + left + threadIdx.x];
  __syncthreads();
  out[(left + threadIdx.y) * n + top + threadIdx.x] = square[threadIdx.x][threadIdx.y];
}

}  // namespace

using simt::launch;

void add(int n, const float* x, const float* y, float* out) {
  launch<add_kernel>({divide_up(n, 256), 256}, n, x, y, out);
}
void sum(int n, const float* x, float* out) {
  launch<sum_kernel>({1, 256}, n, x, out);
}
void softmax(int rows, int cols, const float* x, float* out) {
  launch<softmax_kernel>({rows, 256}, cols, x, out);
}
void matmul(int m, int n, int k, const float* a, const float* b, float* c) {
  launch<matmul_kernel>({dim3(divide_up(n, tile), divide_up(m, tile)), dim3(tile, tile)}, m, n, k, a, b, c);
}
void matmul_blocked(int m, int n, int k, const float* a, const float* b, float* c) {
  launch<matmul_blocked_kernel>({dim3(n / 64, m / 64), 256}, n, k, a, b, c);
}
void attention(int heads, int length, const float* q, const float* k, const float* v, float* out,
               bool causal) {
  launch<attention_kernel>({dim3(divide_up(length, queries), heads), dim3(threads_per_query, queries),
                            2 * keys * head * sizeof(float)},
                           length, q, k, v, out, causal);
}
void histogram(int n, const int* x, int bins, int* counts) {
  launch<histogram_kernel>({4, 256, bins * sizeof(int)}, n, x, bins, counts);
}
void scan(int n, const int* x, int* out) {
  launch<scan_kernel>({divide_up(n, 128), 128}, n, x, out);
}
void half_warp_sums(int n, const int* x, int* out) {
  launch<half_warp_sums_kernel>({divide_up(n, 32), 32}, n, x, out);
}
void transpose(int n, const float* x, float* out) {
  launch<transpose_kernel>({dim3(n / tile, n / tile), dim3(tile, tile)}, n, x, out);
}
void scale(cudaStream_t stream, int n, float factor, float term, float* x) {
  launch<scale_kernel>({divide_up(n, 128), 128, 0, stream}, n, factor, term, x);
}

}  // namespace gpt::KERNEL_SPACE
