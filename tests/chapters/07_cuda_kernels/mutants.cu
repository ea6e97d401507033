// Each mistake is marked: `// <- name` stands on the line that the report must name, `// <= name` on the
// second one where there is such.

#include "mutants.hpp"

#include <cstring>
#include <vector>

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
}

}  // namespace gpt::KERNEL_SPACE
