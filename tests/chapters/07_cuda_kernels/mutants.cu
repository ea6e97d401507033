// Each mistake is marked: `// <- name` stands on the line that the report must name, `// <= name` on the
// second one where there is such.

#include "mutants.hpp"

#include <cstring>
#include <vector>

#include "05_gpt/dropout.hpp"
#include "06_simt/device_array.hpp"
#include "07_cuda_kernels/reduce.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

// Elementwise.

__global__ void map_past_the_end(float* out, const float* in, int64_t n) {
  const int64_t i = thread_index();
  if (i <= n) out[i] = in[i];  // <- map_past_the_end
}

__global__ void packs_past_the_end(float* out, const float* in, int64_t n) {
  const int64_t first = thread_index() * 4;
  if (first >= n) return;  // right would be: first + 4 > n
  float x[4];
  for (int i = 0; i < 4; ++i) x[i] = in[first + i];  // <- packs_past_the_end
  for (int i = 0; i < 4; ++i) out[first + i] = x[i];
}

__global__ void packs_overlap(float* out, int64_t n) {
  const int64_t first = thread_index() * 3;  // right would be: 4
  for (int i = 0; i < 4; ++i)
    if (first + i < n) out[first + i] = 1;  // <- packs_overlap
}

// Reductions.

__global__ void tree_without_barrier(float* out, const float* x) {
  __shared__ float sums[64];
  const int t = threadIdx.x;
  sums[t] = x[t];
  __syncthreads();
  for (int half = 32; half > 0; half /= 2)
    if (t < half) sums[t] += sums[t + half];  // <- tree_without_barrier
  if (t == 0) out[0] = sums[0];
}

__global__ void tree_barrier_in_branch(float* out, const float* x) {
  __shared__ float sums[64];
  const int t = threadIdx.x;
  sums[t] = x[t];
  __syncthreads();
  for (int half = 32; half > 0; half /= 2)
    if (t < half) {
      sums[t] += sums[t + half];
      __syncthreads();  // <- tree_barrier_in_branch
    }
  if (t == 0) out[0] = sums[0];
}

__global__ void no_second_barrier(float* out, const float* x) {
  __shared__ float of_warp[2];
  float total = 0;
  for (int round = 0; round < 2; ++round) {
    const float sum = warp_sum(x[threadIdx.x]);
    if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = sum;  // <- no_second_barrier
    __syncthreads();
    total += of_warp[0] + of_warp[1];  // <= no_second_barrier
  }
  out[threadIdx.x] = total;
}

__global__ void columns_early_return(float* out, const float* x, int columns) {
  __shared__ float sums[64];
  if (static_cast<int>(threadIdx.x) >= columns) return;
  sums[threadIdx.x] = x[threadIdx.x];
  __syncthreads();  // <- columns_early_return
  out[threadIdx.x] = sums[0];
}

// Softmax, layernorm and cross-entropy: rows.

__global__ void shuffle_in_the_loop(float* out, const float* x, int columns) {
  const int lane = threadIdx.x % 32;
  float largest = -1e30f;
  for (int c = lane; c < columns; c += 32)
    largest = fmaxf(largest, __shfl_xor_sync(all_lanes, x[c], 8));  // <- shuffle_in_the_loop
  out[threadIdx.x] = largest;
}

__global__ void lanes_left(float* out, const float* x, int columns) {
  if (static_cast<int>(threadIdx.x) >= columns) return;
  out[threadIdx.x] = x[threadIdx.x] + __shfl_down_sync(all_lanes, x[threadIdx.x], 16);  // <- lanes_left
}

__global__ void unset_warps(float* out, const float* x) {
  __shared__ float of_warp[32];
  const float sum = warp_sum(x[threadIdx.x]);
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = sum;
  __syncthreads();
  float total = 0;
  for (int warp = 0; warp < 32; ++warp) total += of_warp[warp];  // <- unset_warps
  out[threadIdx.x] = total;
}

__global__ void target_not_checked(float* losses, const float* logits, const int* targets) {
  losses[threadIdx.x] = logits[targets[threadIdx.x]];  // <- target_not_checked
}

__global__ void columns_without_atomics(float* d_weight, const float* dy) {
  d_weight[threadIdx.x % 32] += dy[threadIdx.x];  // <- columns_without_atomics
}

// Embedding.

__global__ void tile_overwritten(int* places, const int* tokens, int n) {
  __shared__ int tile[64];
  int place = 0;
  for (int begin = 0; begin < n; begin += 64) {
    tile[threadIdx.x] = tokens[(begin + threadIdx.x) % 64];  // <- tile_overwritten
    __syncthreads();
    for (int k = 0; k < 64; ++k) place += tile[k] < tokens[threadIdx.x];  // <= tile_overwritten
  }
  places[threadIdx.x] = place;
}

__global__ void run_in_two_chunks(float* d_table, const float* dx, const int* tokens) {
  if (threadIdx.x == 0) d_table[tokens[blockIdx.x]] += dx[blockIdx.x];  // <- run_in_two_chunks
}

// AdamW and dropout.

__global__ void adamw_of_host(float* value, const float* gradient) {
  value[threadIdx.x] -= gradient[threadIdx.x];  // <- adamw_of_host
}

__global__ void dropout_four_past_the_end(float* y, const float* x, Dropout dropout, int64_t n) {
  const int64_t first = 4 * thread_index();
  if (first >= n) return;  // right would be: first + 4 > n
  const auto factor = dropout.factors(0, first / 4);
  for (int i = 0; i < 4; ++i) y[first + i] = factor[i] * x[first + i];  // <- dropout_four_past_the_end
}

__global__ void factors_of_lanes_that_left(float* y, const float* x, Dropout dropout, int64_t n) {
  const int64_t i = thread_index();
  if (i >= n) return;
  const float factor = i % 4 == 3 ? dropout.factor(0, i) : 0.0f;
  y[i] = x[i] * __shfl_sync(all_lanes, factor, threadIdx.x | 3);  // <- factors_of_lanes_that_left
}

__global__ void factors_without_barrier(float* y, const float* x, Dropout dropout) {
  __shared__ float factors[64];
  const int t = threadIdx.x;
  factors[t] = dropout.factor(0, t);  // <- factors_without_barrier
  y[t] = x[t] * factors[63 - t];      // <= factors_without_barrier
}

// Matrix products: C = A · B of (40, 40) matrices, in tiles of 8 × 8.

__global__ void product_without_second_barrier(float* c, const float* a, const float* b) {
  __shared__ float a_tile[8][8], b_tile[8][8];
  const int x = threadIdx.x, y = threadIdx.y, m = blockIdx.y * 8 + y, n = blockIdx.x * 8 + x;
  float sum = 0;
  for (int k0 = 0; k0 < 40; k0 += 8) {
    a_tile[y][x] = a[m * 40 + k0 + x];  // <- product_without_second_barrier
    b_tile[y][x] = b[(k0 + y) * 40 + n];
    __syncthreads();
    for (int k = 0; k < 8; ++k) sum += a_tile[y][k] * b_tile[k][x];  // <= product_without_second_barrier
  }
  c[m * 40 + n] = sum;
}

__global__ void product_edge_not_checked(float* c, const float* a, const float* b) {
  const int n = blockIdx.x * 32 + threadIdx.x, m = blockIdx.y * 8 + threadIdx.y;
  float sum = 0;
  for (int k = 0; k < 40; ++k) sum += a[m * 40 + k] * b[k * 40 + n];  // <- product_edge_not_checked
  if (n < 40) c[m * 40 + n] = sum;
}

__global__ void product_rows_left(float* c, const float* a, int rows) {
  __shared__ float tile[8][8];
  const int x = threadIdx.x, y = threadIdx.y;
  if (y >= rows) return;
  tile[y][x] = a[y * 8 + x];
  __syncthreads();  // <- product_rows_left
  c[y * 8 + x] = tile[0][x];
}

__global__ void same_buffer(float* c, const float* a) {
  __shared__ float tiles[2][64];
  const int t = threadIdx.x;
  float sum = 0, next = a[t];
  tiles[0][t] = next;
  __syncthreads();
  for (int round = 0, now = 0; round < 4; ++round, now ^= 1) {
    next = a[t] + round;
    sum += tiles[now][63 - t];  // <= same_buffer
    tiles[now][t] = next;       // <- same_buffer
    __syncthreads();
    tiles[now ^ 1][t] = next;
    __syncthreads();
  }
  c[t] = sum;
}

__global__ void strip_without_syncwarp(float* c, const float* a) {
  __shared__ float strip[32];
  const int t = threadIdx.x;
  strip[t] = a[t];       // <= strip_without_syncwarp
  c[t] = strip[31 - t];  // <- strip_without_syncwarp
}

// Quantise and pack.

__global__ void every_lane_writes_the_scale(float* scales, const float* x) {
  float sum = fabsf(x[threadIdx.x]);
  for (int distance = 16; distance > 0; distance /= 2) sum += __shfl_xor_sync(all_lanes, sum, distance);
  scales[blockIdx.x] = sum / 32;  // <- every_lane_writes_the_scale
}

__global__ void half_a_word_each(unsigned* words, const float* x) {
  const unsigned signs = __ballot_sync(all_lanes, x[threadIdx.x] < 0);
  if (threadIdx.x % 16 == 0) words[blockIdx.x] = signs;  // <- half_a_word_each
}

__global__ void vote_of_half_the_lanes(unsigned* words, const float* x, int n) {
  const int t = threadIdx.x;
  if (t < n) words[t] = __ballot_sync(0xffff, x[t] < 0);  // <- vote_of_half_the_lanes
}

}  // namespace

void launch_mutant(const char* wanted) {
  const std::vector<float> host(64, 1.0f);
  const simt::DeviceArray<float> x(host), out(64);
  std::vector<int> same(64, 7);
  same[3] = -1;
  const simt::DeviceArray<int> tokens(same), places(64);
  const float* in = x.data();
  float* to = out.data();
  const int* ids = tokens.data();
  const auto is = [&](const char* name) { return std::strcmp(name, wanted) == 0; };
  using simt::launch;
  if (is("map_past_the_end")) launch<map_past_the_end>({3, 32}, to, in, int64_t{64});
  if (is("packs_past_the_end")) {
    const simt::DeviceArray<float> shorter(std::vector<float>(61, 1.0f));
    launch<packs_past_the_end>({1, 32}, to, static_cast<const float*>(shorter.data()), int64_t{61});
  }
  if (is("packs_overlap")) launch<packs_overlap>({1, 16}, to, int64_t{64});
  if (is("tree_without_barrier")) launch<tree_without_barrier>({1, 64}, to, in);
  if (is("tree_barrier_in_branch")) launch<tree_barrier_in_branch>({1, 64}, to, in);
  if (is("no_second_barrier")) launch<no_second_barrier>({1, 64}, to, in);
  if (is("columns_early_return")) launch<columns_early_return>({1, 64}, to, in, 40);
  if (is("shuffle_in_the_loop")) launch<shuffle_in_the_loop>({1, 32}, to, in, 40);
  if (is("lanes_left")) launch<lanes_left>({1, 32}, to, in, 20);
  if (is("unset_warps")) launch<unset_warps>({1, 64}, to, in);
  if (is("target_not_checked")) launch<target_not_checked>({1, 32}, to, in, ids);
  if (is("columns_without_atomics")) launch<columns_without_atomics>({1, 64}, to, in);
  if (is("tile_overwritten")) launch<tile_overwritten>({1, 64}, places.data(), ids, 128);
  if (is("run_in_two_chunks")) launch<run_in_two_chunks>({2, 32}, to, in, ids);
  if (is("adamw_of_host")) launch<adamw_of_host>({1, 64}, to, host.data());
  const Dropout dropout{.probability = 0.5f};
  if (is("dropout_four_past_the_end")) {
    const simt::DeviceArray<float> shorter(std::vector<float>(61, 1.0f));
    launch<dropout_four_past_the_end>({1, 32}, to, static_cast<const float*>(shorter.data()), dropout,
                                      int64_t{61});
  }
  if (is("factors_of_lanes_that_left"))
    launch<factors_of_lanes_that_left>({1, 32}, to, in, dropout, int64_t{30});
  if (is("factors_without_barrier")) launch<factors_without_barrier>({1, 64}, to, in, dropout);
  const simt::DeviceArray<float> matrix(std::vector<float>(1600, 1.0f)), product(1600);
  const float* m = matrix.data();
  if (is("product_without_second_barrier"))
    launch<product_without_second_barrier>({dim3(5, 5), dim3(8, 8)}, product.data(), m, m);
  if (is("product_edge_not_checked"))
    launch<product_edge_not_checked>({dim3(2, 5), dim3(32, 8)}, product.data(), m, m);
  if (is("product_rows_left")) launch<product_rows_left>({1, dim3(8, 8)}, to, in, 5);
  if (is("same_buffer")) launch<same_buffer>({1, 64}, to, in);
  if (is("strip_without_syncwarp")) launch<strip_without_syncwarp>({1, 32}, to, in);
  const simt::DeviceArray<unsigned> words(64);
  if (is("every_lane_writes_the_scale")) launch<every_lane_writes_the_scale>({2, 32}, to, in);
  if (is("half_a_word_each")) launch<half_a_word_each>({2, 32}, words.data(), in);
  if (is("vote_of_half_the_lanes")) launch<vote_of_half_the_lanes>({1, 32}, words.data(), in, 20);
}

}  // namespace gpt::KERNEL_SPACE
