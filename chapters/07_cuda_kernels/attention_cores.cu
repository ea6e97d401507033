// Attention, rung 2, forward: as rung 1, but the products run on tensor cores, and scores and weights never
// leave the registers.

#include "07_cuda_kernels/attention_cores.hpp"

namespace gpt::KERNEL_SPACE {
namespace {

// [cores_softmax]
/// The online softmax of 16 rows of scores. Lane l has, of the rows l / 4 (half 0) and l / 4 + 8 (half 1),
/// pairs of neighbours; four lanes share a row. Scores become weights.
template <int n, int depth>
__device__ void online_softmax(Sums16 (&score)[n], Sums16 (&sum)[depth], float (&largest)[2],
                               float (&denominator)[2], float scale) {
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const auto each = [&](auto& blocks, auto f) {  // of this half's numbers
#pragma unroll
      for (auto& block : blocks)
#pragma unroll
        for (int i = half; i < 4; i += 2) f(block.x[2 * i]), f(block.x[2 * i + 1]);
    };
    float of_row = largest[half];
    each(score, [&](float x) { of_row = fmaxf(of_row, x); });
    of_row = fmaxf(of_row, __shfl_xor_sync(all_lanes, of_row, 1));
    of_row = fmaxf(of_row, __shfl_xor_sync(all_lanes, of_row, 2));
    const float shrink = exp2_fast((largest[half] - of_row) * scale), offset = of_row * scale;
    largest[half] = of_row;
    denominator[half] *= shrink;
    each(score, [&](float& x) { denominator[half] += x = exp2_fast(x * scale - offset); });
    each(sum, [&](float& x) { x *= shrink; });
  }
}
// [/cores_softmax]

/// f(score, row, column) for all that this lane has of 16 · blocks rows.
template <int blocks, int n, class F>
__device__ void each_score(Sums16 (&score)[blocks][n], F f) {
#pragma unroll
  for (int b = 0; b < blocks; ++b)
#pragma unroll
    for (int j = 0; j < n; ++j)
#pragma unroll
      for (int e = 0; e < 8; ++e)
        f(score[b][j].x[e], 16 * b + core_lane() / 4 + e / 2 % 2 * 8,
          16 * j + e / 4 * 8 + core_lane() % 4 * 2 + e % 2);
}

// [cores_forward]
/// One block a tile of queries of one head, the tiles with most keys first.
template <int depth, bool dropping>
__global__ void __launch_bounds__(CoreTiles<depth>::threads, 2)
    cores_kernel(AttentionForward<bf16> pass, int query_tiles) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  using Tiles = CoreTiles<depth, dropping>;
  constexpr int blocks = Tiles::blocks, columns = Tiles::columns, stride = Tiles::stride;
  const AttentionShape& a = pass.shape;
  const HeadRows head(a, blockIdx.x / query_tiles);
  const int positions = static_cast<int>(a.positions), new_from = static_cast<int>(a.first_query);
  const int first = new_from + (query_tiles - 1 - static_cast<int>(blockIdx.x) % query_tiles) * Tiles::rows;
  const int mine = first + core_warp() * 16 * blocks, last = mine + 16 * blocks - 1;  // queries of this warp

  SIMT_DYNAMIC_SHARED(bf16, shared);
  copy_tile<Tiles::rows, depth>(shared, pass.qkv + head.query, head.qkv_row, first, positions);
  copies_are_there();
  LeftOperand query[blocks][depth / 16];
  load_rows<depth>(query, shared);
  __syncthreads();  // all have their queries
  const auto fetch = [&](int key, bf16* buffer) {
    copy_tile<columns, depth>(buffer, pass.qkv + head.key, head.qkv_row, key, positions);
    copy_tile<columns, depth>(buffer + columns * stride, pass.qkv + head.value, head.qkv_row, key, positions);
  };
  fetch(0, shared);

  Sums16 sum[blocks][depth / 16];
  float largest[blocks][2], denominator[blocks][2] = {};
#pragma unroll
  for (int b = 0; b < blocks; ++b) largest[b][0] = largest[b][1] = -INFINITY;
  const int seen = min(first + Tiles::rows, positions);  // keys from here on are future for all queries
  for (int key = 0, now = 0; key < seen; key += columns, now ^= 1) {
    const bf16 *keys = shared + now * Tiles::buffer, *values = keys + columns * stride;
    copies_are_there();  // and nobody uses the others any more
    if (key + columns < seen) fetch(key + columns, shared + (now ^ 1) * Tiles::buffer);
    if (key > last) continue;

    // [cores_loop]
    Sums16 score[blocks][columns / 16];
#pragma unroll
    for (int k = 0; k < depth / 16; ++k)
#pragma unroll
      for (int j = 0; j < columns / 16; ++j) {
        RightOperand of_keys;
        load(of_keys, keys + 16 * j * stride + 16 * k, stride);
#pragma unroll
        for (int b = 0; b < blocks; ++b) mma(score[b][j], query[b][k], of_keys);
      }
    if (key + columns - 1 > mine)  // some scores are of the future
      each_score(score, [&](float& x, int t, int s) { x = key + s > mine + t ? -INFINITY : x; });
#pragma unroll
    for (int b = 0; b < blocks; ++b)
      online_softmax(score[b], sum[b], largest[b], denominator[b], core_scale<depth>());
    if constexpr (dropping)
      each_score(score, [&](float& x, int t, int s) {
        x *= attention_factor(pass.dropout, a, head, mine + t, key + s);
      });
#pragma unroll
    for (int j = 0; j < columns / 16; ++j) {
      LeftOperand weight[blocks];
#pragma unroll
      for (int b = 0; b < blocks; ++b) weight[b] = left_of(score[b][j]);
#pragma unroll
      for (int i = 0; i < depth / 16; ++i) {
        RightOperand of_values;
        load_across(of_values, values + 16 * j * stride + 16 * i, stride);
#pragma unroll
        for (int b = 0; b < blocks; ++b) mma(sum[b][i], weight[b], of_values);
      }
    }
    // [/cores_loop]
  }

  __syncthreads();  // the tiles are done with
  bf16* strip = shared + core_warp() * 16 * stride;
#pragma unroll
  for (int b = 0; b < blocks; ++b) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float& total = denominator[b][half];
      total += __shfl_xor_sync(all_lanes, total, 1);
      total += __shfl_xor_sync(all_lanes, total, 2);
      const int t = mine + 16 * b + core_lane() / 4 + 8 * half;
      if (core_lane() % 4 == 0 && t < positions)
        pass.lse[head.statistics + t - new_from] =
            largest[b][half] * rsqrtf(static_cast<float>(depth)) + logf(total);
    }
    store_rows<depth>(pass.y + head.out, a.width(), mine + 16 * b - new_from, positions - new_from, strip,
                      sum[b], 1.0f / denominator[b][0], 1.0f / denominator[b][1]);
  }
#endif
}
// [/cores_forward]

template <int depth, bool dropping>
void launch_cores(const AttentionForward<bf16>& pass, Stream stream) {
  using Tiles = CoreTiles<depth, dropping>;
  const AttentionShape& a = pass.shape;
  const int tiles = static_cast<int>(blocks_for(a.queries(), Tiles::rows));
  simt::launch<cores_kernel<depth, dropping>>(
      {static_cast<unsigned>(a.batch * a.heads * tiles), Tiles::threads, 2 * Tiles::buffer * sizeof(bf16),
       native(stream)},
      pass, tiles);
}

}  // namespace

void cores_forward(const AttentionForward<bf16>& pass, Stream stream) {
  for_depth(pass, [&](auto depth, auto dropping) { launch_cores<depth, dropping>(pass, stream); });
}

}  // namespace gpt::KERNEL_SPACE
