// Attention in small, one head of one number a position and a thread a query, with one mistake each. Marked
// as in mutants.cu.

#include <cstring>
#include <vector>

#include "06_simt/device_array.hpp"
#include "07_cuda_kernels/tensor_core.hpp"
#include "mutants.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

/// The tile of keys is filled and used with no barrier between.
__global__ void keys_without_barrier(float* largest, const float* x) {
  __shared__ float keys[64];
  const int t = threadIdx.x;
  keys[t] = x[t];  // <- keys_without_barrier
  float of_row = -INFINITY;
  for (int s = 0; s <= t; ++s) of_row = fmaxf(of_row, x[t] * keys[s]);  // <= keys_without_barrier
  largest[t] = of_row;
}

/// Weights take the place of keys that others still read.
__global__ void weights_over_keys(float* y, const float* x) {
  __shared__ float tile[64];
  const int t = threadIdx.x;
  tile[t] = x[t];
  __syncthreads();
  float sum = 0;
  for (int s = 0; s < 64; ++s) sum += __expf(x[t] * tile[s]);  // <= weights_over_keys
  tile[t] = sum;                                               // <- weights_over_keys
  __syncthreads();
  y[t] = tile[63 - t];
}

/// The next tile of keys comes while a slow warp still uses the last one.
__global__ void next_keys_too_early(float* y, const float* x) {
  __shared__ float keys[32];
  const int t = threadIdx.x;
  float sum = 0;
  for (int first = 0; first < 64; first += 32) {
    if (t < 32) keys[t] = x[first + t];  // <- next_keys_too_early
    __syncthreads();
    for (int s = 0; s < 32 && first + s <= t; ++s) sum += x[t] * keys[s];  // <= next_keys_too_early
  }
  y[t] = sum;
}

/// One key too many at the causal edge: its weight was never computed.
__global__ void key_of_the_future(float* y, const float* x) {
  __shared__ float weights[16][16];
  const int t = threadIdx.x / 16, s = threadIdx.x % 16;
  if (s <= t) weights[t][s] = x[t] * x[s];
  __syncthreads();
  float sum = 0;
  for (int key = 0; key <= t + 1 && key < 16; ++key) sum += weights[t][key];  // <- key_of_the_future
  y[threadIdx.x] = sum;
}

/// Lanes whose key is in the future take no part in the row's maximum, which asks them.
__global__ void maximum_of_the_seen(float* y, const float* x) {
  const int s = threadIdx.x;
  float largest = x[s];
  if (s <= 20)
    for (int lanes = 16; lanes > 0; lanes /= 2)
      largest = fmaxf(largest, __shfl_xor_sync(all_lanes, largest, lanes));  // <- maximum_of_the_seen
  y[s] = largest;
}

/// A warp skips the tiles beyond its diagonal, and with them their barriers.
__global__ void warp_skips_the_barrier(float* y, const float* x) {
  __shared__ float keys[32];
  const int t = threadIdx.x, last = t | 31;  // the last query of this warp
  float sum = 0;
  for (int first = 0; first < 64; first += 32) {
    if (first > last) continue;
    if (t >= 32) keys[t - 32] = x[first + t - 32];
    __syncthreads();  // <- warp_skips_the_barrier
    sum += x[t] * keys[t % 32];
    __syncthreads();
  }
  y[t] = sum;
}

/// Two blocks of queries add to the gradient of one key.
__global__ void two_blocks_add(float* d_key, const float* x) {
  d_key[threadIdx.x] += x[blockIdx.x] * x[threadIdx.x];  // <- two_blocks_add
}

/// Half of the warp has no rows left, and leaves before the other half loads its matrices.
__global__ void rows_left_before_ldmatrix(float* y, const float* x) {
  __shared__ __align__(16) simt::bf16 tile[16 * 16];
  for (int i = threadIdx.x; i < 256; i += 32) tile[i] = from_float<simt::bf16>(x[i % 64]);
  __syncthreads();
  if (threadIdx.x >= 16) return;
  LeftOperand left;
  load(left, tile, 16);  // <- rows_left_before_ldmatrix
  y[threadIdx.x] = __uint_as_float(left.word[0]);
}

}  // namespace

void launch_attention_mutant(const char* wanted) {
  const simt::DeviceArray<float> x(std::vector<float>(64, 1.0f)), out(std::vector<float>(256, 0.0f));
  const float* in = x.data();
  const auto is = [&](const char* name) { return std::strcmp(name, wanted) == 0; };
  using simt::launch;
  if (is("keys_without_barrier")) launch<keys_without_barrier>({1, 64}, out.data(), in);
  if (is("weights_over_keys")) launch<weights_over_keys>({1, 64}, out.data(), in);
  if (is("next_keys_too_early")) launch<next_keys_too_early>({1, 64}, out.data(), in);
  if (is("key_of_the_future")) launch<key_of_the_future>({1, 256}, out.data(), in);
  if (is("maximum_of_the_seen")) launch<maximum_of_the_seen>({1, 32}, out.data(), in);
  if (is("warp_skips_the_barrier")) launch<warp_skips_the_barrier>({1, 64}, out.data(), in);
  if (is("rows_left_before_ldmatrix")) launch<rows_left_before_ldmatrix>({1, 32}, out.data(), in);
  if (is("two_blocks_add")) launch<two_blocks_add>({2, 64}, out.data(), in);
}

}  // namespace gpt::KERNEL_SPACE
