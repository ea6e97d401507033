// Softmax, layernorm, cross-entropy, embedding, AdamW and dropout, with one mistake each. Marked as in
// mutants.cu.

#include <cstring>
#include <vector>

#include "06_simt/device_array.hpp"
#include "07_cuda_kernels/reduce.hpp"
#include "mutants.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

// Softmax.

/// The block's total is used before the thread that computes it has written it.
__global__ void softmax_total_too_early(float* y, const float* x) {
  __shared__ float total;
  const float sum = warp_sum(__expf(x[threadIdx.x]));
  if (threadIdx.x == 0) total = sum;                // <- softmax_total_too_early
  y[threadIdx.x] = __expf(x[threadIdx.x]) / total;  // <= softmax_total_too_early
}

// Layer normalisation.

/// Warps use the weights that other warps load.
__global__ void weights_not_awaited(float* y, const float* x, const float* weight) {
  __shared__ float kept[64];
  kept[threadIdx.x] = weight[threadIdx.x];                   // <= weights_not_awaited
  y[threadIdx.x] = x[threadIdx.x] * kept[63 - threadIdx.x];  // <- weights_not_awaited
}

/// The warps add their sums over columns one after the other, but nobody waits for his turn.
__global__ void turns_without_barrier(float* d_weight, const float* dy) {
  __shared__ float sums[32];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  for (int turn = 0; turn < 2; ++turn)
    if (warp == turn)
      sums[lane] = (turn > 0 ? sums[lane] : 0.0f) + dy[threadIdx.x];  // <- turns_without_barrier
  __syncthreads();
  if (warp == 0) d_weight[lane] = sums[lane];
}

/// Half of a warp leaves before the sum over its row.
__global__ void rows_of_half_a_warp(float* dx, const float* dy, int width) {
  const int c = threadIdx.x % 32;
  if (c >= width) return;
  float sum = dy[threadIdx.x];
  for (int distance = 16; distance > 0; distance /= 2)
    sum += __shfl_xor_sync(all_lanes, sum, distance);  // <- rows_of_half_a_warp
  dx[threadIdx.x] = dy[threadIdx.x] - sum / static_cast<float>(width);
}

/// The statistics of the next row.
__global__ void next_rows_mean(float* dx, const float* x, const float* mean) {
  const int r = threadIdx.x / 16;
  dx[threadIdx.x] = x[threadIdx.x] - mean[r + 1];  // <- next_rows_mean
}

// Cross-entropy.

/// 1 is taken from the target's gradient before the thread that writes it has written it.
__global__ void one_hot_too_early(float* d_logits, const float* logits, int target) {
  d_logits[threadIdx.x] = __expf(logits[threadIdx.x]);  // <- one_hot_too_early
  if (threadIdx.x == 0) d_logits[target] -= 1;          // <= one_hot_too_early
}

/// The maximum is wanted of those threads alone that have an element.
__global__ void maximum_of_the_busy(float* lse, const float* logits, int vocabulary) {
  float largest = -1e30f;
  __shared__ float of_warp[2];
  if (static_cast<int>(threadIdx.x) < vocabulary) {
    largest = logits[threadIdx.x];
    if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = largest;
    __syncthreads();  // <- maximum_of_the_busy
    largest = fmaxf(of_warp[0], of_warp[1]);
  }
  lse[threadIdx.x] = largest;
}

/// Packs to the end of the row, though it is no multiple of four.
__global__ void row_in_whole_packs(float* d_logits, const float* logits, int vocabulary) {
  const int64_t row = static_cast<int64_t>(blockIdx.x) * vocabulary;
  for (int v = 4 * static_cast<int>(threadIdx.x); v < vocabulary; v += 128)
    for (int i = 0; i < 4; ++i) d_logits[row + v + i] = logits[row + v + i];  // <- row_in_whole_packs
}

// Embedding.

/// Positions beyond the context.
__global__ void position_past_the_context(float* x, const float* position_table, int first) {
  x[threadIdx.x] = position_table[first + threadIdx.x];  // <- position_past_the_context
}

// AdamW.

/// Every thread takes care of the last few.
__global__ void everyone_takes_the_tail(float* value, const float* gradient, int n) {
  const int first = 4 * static_cast<int>(threadIdx.x);
  if (first + 4 <= n)
    for (int i = 0; i < 4; ++i) value[first + i] -= gradient[first + i];
  for (int i = n / 4 * 4; i < n; ++i) value[i] -= gradient[i];  // <- everyone_takes_the_tail
}

/// The copy is of 16-bit numbers.
__global__ void copy_in_floats(float* copy, const float* value) {
  copy[threadIdx.x] = value[threadIdx.x];  // <- copy_in_floats
}

// Dropout.

/// There may be no residual.
__global__ void residual_not_there(float* y, const float* x, const float* residual) {
  y[threadIdx.x] = x[threadIdx.x] + residual[threadIdx.x];  // <- residual_not_there
}

}  // namespace

void launch_row_mutant(const char* wanted) {
  const std::vector<float> ones(64, 1.0f);
  const simt::DeviceArray<float> x(ones), out(ones), few(std::vector<float>(4, 1.0f)), half(32);
  const float *in = x.data(), *statistics = few.data();
  float* to = out.data();
  const auto is = [&](const char* name) { return std::strcmp(name, wanted) == 0; };
  using simt::launch;
  if (is("softmax_total_too_early")) launch<softmax_total_too_early>({1, 32}, to, in);
  if (is("weights_not_awaited")) launch<weights_not_awaited>({1, 64}, to, in, in);
  if (is("turns_without_barrier")) launch<turns_without_barrier>({1, 64}, to, in);
  if (is("rows_of_half_a_warp")) launch<rows_of_half_a_warp>({1, 64}, to, in, 16);
  if (is("next_rows_mean")) launch<next_rows_mean>({1, 64}, to, in, statistics);
  if (is("one_hot_too_early")) launch<one_hot_too_early>({1, 64}, to, in, 40);
  if (is("maximum_of_the_busy")) launch<maximum_of_the_busy>({1, 64}, to, in, 40);
  if (is("row_in_whole_packs")) {
    const simt::DeviceArray<float> rows(std::vector<float>(29, 1.0f));
    launch<row_in_whole_packs>({1, 32}, to, static_cast<const float*>(rows.data()), 29);
  }
  if (is("position_past_the_context")) launch<position_past_the_context>({1, 32}, to, in, 40);
  if (is("everyone_takes_the_tail")) launch<everyone_takes_the_tail>({1, 32}, to, in, 63);
  if (is("copy_in_floats")) launch<copy_in_floats>({1, 64}, half.data(), in);
  if (is("residual_not_there"))
    launch<residual_not_there>({1, 32}, to, in, static_cast<const float*>(nullptr));
}

}  // namespace gpt::KERNEL_SPACE
