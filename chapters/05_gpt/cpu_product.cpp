// The products of a linear layer in bf16 on matrix tiles: x · Wᵀ + bias + residual forward, dy · W backward.
// The weight is packed once for all threads and stays in each core's second cache, while the rows of the
// other factor pass by, 32 at a time.

#include "05_gpt/cpu_product.hpp"

#include <algorithm>

#include "05_gpt/cpu_packing.hpp"
#include "05_gpt/cpu_scratch.hpp"

namespace gpt::cpu {

/// From this many rows on the weight is packed in less time than the product saves.
constexpr int64_t rows_worth_tiles = 256;

bool product_fits_tiles(const Tensor& a, const Tensor& weight, const Tensor& bias) {
  return a.dtype() == DType::bf16 && weight.dtype() == DType::bf16 &&
         (!bias.defined() || bias.dtype() == DType::f32) && a.size(0) >= rows_worth_tiles;
}

#if GPT_HAS_TILES

namespace {

// As much of the weight as stays in a core's second cache, and as much of a strip as in its first.
constexpr int64_t most_weights = 768 * 1024, most_depth = 512;

/// What is added to a product before it is rounded, and where it goes.
template <class Out>
struct Ending {
  Out* out;
  const bf16* residual;
  const float* bias;
  int64_t row;  ///< of out and residual

  /// Rows from … to-1 of the block of 32 × 32 sums that belongs to row m and column n of out.
  void finish(const float* sums, int64_t m, int64_t n, int64_t columns, int64_t from, int64_t to) const {
    for (int64_t r = from; r < to; ++r) {
      const int64_t at = (m + r) * row + n;
      if (residual)
        map_vectors(
            0, columns, [](Vector sum, Vector b, Vector more) { return sum + b + more; }, out + at,
            sums + r * panel, bias + n, residual + at);
      else
        map_vectors(
            0, columns, [](Vector sum, Vector b) { return sum + b; }, out + at, sums + r * panel, bias + n);
    }
  }
};

template <class Out>
void multiply(const Matrix& a, const bf16* weight, int64_t N, const Ending<Out>& ending) {
  const int64_t M = a.rows, K = round_up(a.columns, panel), strip = K * panel;
  const int64_t columns = std::max(panel, most_weights / K / panel * panel);
  // Where one pass over k is enough, all blocks of sums share one place in the first cache: a block leaves
  // its tiles when the one before it is finished. Else each waits in a place of its own for the next pass.
  const int64_t apart = K <= most_depth ? 0 : panel;
#pragma omp parallel
  {
    const TileScope tiles;
    Scratch scratch(strip / 2 + panel * columns, false);
    bf16* left = scratch.take<bf16>(strip);
    float* sums = scratch.take(panel * columns);  // 32 × 32 for every 32 columns, or once
    for (int64_t first = 0; first < N; first += columns) {
      const int64_t last = std::min(first + columns, N);
#pragma omp for schedule(static)
      for (int64_t m = 0; m < M; m += panel) {
        const int64_t rows = std::min(panel, M - m);
        pack_left(a.part(m, rows, 0, a.columns), strip, left);
        for (int64_t k = 0; k < K; k += most_depth) {
          const int64_t depth = std::min(most_depth, K - k), steps = depth / panel;
          const bool whole = k + depth == K;
          for (int64_t n = first; n < last; n += panel) {
            float* sum = sums + (n - first) * apart;
            const int64_t share = whole && n > first ? (rows + steps - 1) / steps : 0;
            multiply_strips(depth, left + k * panel, weight + n / panel * strip + k * panel, sum, k > 0,
                            [&](int64_t step) {  // meanwhile the block before this one is finished
                              const int64_t from = step * share, to = std::min(from + share, rows);
                              ending.finish(sum - panel * apart, m, n - panel, panel, from, to);
                            });
          }
        }
        const int64_t n = (last - 1) / panel * panel;
        ending.finish(sums + (n - first) * apart, m, n, last - n, 0, rows);
      }
    }
  }
}

}  // namespace

void product_in_tiles(const Tensor& out, const Tensor& a, const Tensor& weight, bool transposed,
                      const Tensor& bias, const Tensor& residual) {
  const int64_t K = a.size(1), N = out.size(1), strip = round_up(K, panel) * panel;
  Tensor packed({round_up(N, panel) * round_up(K, panel)}, DType::bf16);
#pragma omp parallel for schedule(static)
  for (int64_t n = 0; n < N; n += panel) {
    const int64_t columns = std::min(panel, N - n);
    bf16* to = packed.data<bf16>() + n / panel * strip;
    if (transposed)
      pack_right_transposed({weight.data<bf16>() + n * K, K, columns, K}, strip, to);
    else
      pack_right({weight.data<bf16>() + n, N, K, columns}, strip, to);
  }
  const Tensor addend = bias.defined() ? bias : Tensor::zeros({N});
  const Matrix left{a.data<bf16>(), K, a.size(0), K};
  const bf16* more = residual.defined() ? residual.data<bf16>() : nullptr;
  if (out.dtype() == DType::bf16)
    multiply<bf16>(left, packed.data<bf16>(), N, {out.data<bf16>(), more, addend.data<float>(), N});
  else
    multiply<float>(left, packed.data<bf16>(), N, {out.data<float>(), more, addend.data<float>(), N});
}

#else

void product_in_tiles(const Tensor&, const Tensor&, const Tensor&, bool, const Tensor&, const Tensor&) {
  GPT_CHECK(false, "built without tiles");
}

#endif

}  // namespace gpt::cpu
